import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { jwtVerify } from 'jose';
import { psignMac, signPsign, type PsignClaims } from '../../../lib/playback/psign';

interface Vector {
  readonly claims: PsignClaims;
  readonly key: string;
  readonly token: string;
}

const { psigns } = JSON.parse(readFileSync(join(__dirname, '../../fixtures/playback/vectors.json'), 'utf8')) as {
  readonly psigns: readonly Vector[];
};

const PLAYER_KEY = 'TxtyhLlgo7J3iOADIron';

/** The content of a token, verified and read by jose, which does not share code with this project. */
async function verify(token: string, key: string) {
  const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(key), { algorithms: ['HS256'] });
  return { payload, protectedHeader };
}

describe('psignMac', () => {
  const HEADER = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
  // The JSON printed next to it contains contentInfo, but the MAC is over these bytes, which contain contentInfo1.
  const PAYLOAD =
    'eyJhcHBJZCI6MTI1NTU2NjY1NSwiZmlsZUlkIjoiNDU2NDk3MjgxODUxOTYwMjQ0NyIsImNvbnRlbnRJbmZvMSI6eyJhdWRpb1ZpZGVvVHlwZSI6' +
    'IlJhd0FkYXB0aXZlIiwicmF3QWRhcHRpdmVEZWZpbml0aW9uIjoxMCwiaW1hZ2VTcHJpdGVEZWZpbml0aW9uIjoxMH0sImN1cnJlbnRUaW1lU3Rh' +
    'bXAiOjE2NjMwNjQyNzYsImV4cGlyZVRpbWVTdGFtcCI6MTY2MzI5NDIxMCwidXJsQWNjZXNzSW5mbyI6eyJ0IjoiNjMyM2U2YjAiLCJybGltaXQi' +
    'OjMsInVzIjoiNzJkNGNkMTEwMSJ9fQ';
  const OLD_PAYLOAD =
    'eyJhcHBJZCI6MTI1NTU2NjY1NSwiZmlsZUlkIjoiNDU2NDk3MjgxODUxOTYwMjQ0NyIsImN1cnJlbnRUaW1lU3RhbXAiOjE1NDYzNDA0MDAsImV4' +
    'cGlyZVRpbWVTdGFtcCI6MTU0NjM0NDAwMCwidXJsQWNjZXNzSW5mbyI6eyJ0IjoiNWMyYjU2NDAiLCJybGltaXQiOjMsInVzIjoiNzJkNGNkMTEw' +
    'MSJ9fQ';

  test.each([
    ['of 266/45554, with the player key', PAYLOAD, PLAYER_KEY, 'QFcBX9830ysTzJIyZxoOlRmNb2Gqy2fns9yOfriaDI8'],
    [
      'of the time before the player key, with the URL key',
      OLD_PAYLOAD,
      '24FEQmTzro4V5u3D5epW',
      'TRdfy-ctQFRDJzknfKsT0di5tEaweAVumOgxsA8Qd-8',
    ],
    ['of the guide to encrypted playback', OLD_PAYLOAD, 'test', 'aqH576UXfeUe90LlH6w1tt-N1UYrEoOtAYb1ljUT51M'],
  ])('psignMac returns the MAC of the vendor’s token %s', async (_, payload, key, mac) => {
    expect(psignMac(`${HEADER}.${payload}`, key)).toBe(mac);
    const verified = await verify(`${HEADER}.${payload}.${mac}`, key);
    expect(verified.payload).toMatchObject({ appId: 1_255_566_655, fileId: '4564972818519602447' });
  });

  test('signPsign encodes the documented claims to the documented bytes, but for the name of contentInfo', () => {
    const token = signPsign(
      {
        appId: 1_255_566_655,
        fileId: '4564972818519602447',
        contentInfo: { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 10, imageSpriteDefinition: 10 },
        currentTimeStamp: 1_663_064_276,
        expireTimeStamp: 1_663_294_210,
        urlAccessInfo: { t: '6323e6b0', rlimit: 3, us: '72d4cd1101' },
      },
      PLAYER_KEY,
    );
    const [header, payload = ''] = token.split('.');
    const documented = Buffer.from(PAYLOAD, 'base64url').toString();
    expect(header).toBe(HEADER);
    expect(Buffer.from(payload, 'base64url').toString()).toBe(documented.replace('contentInfo1', 'contentInfo'));
  });
});

test('signPsign makes the same tokens as Python’s hmac, json and base64', () => {
  expect(psigns).toHaveLength(100);
  for (const { claims, key, token } of psigns) expect(signPsign(claims, key)).toBe(token);
});

test('jose verifies what signPsign makes of any claims, and only with the same key', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const claims = fc.record(
    {
      appId: fc.integer({ min: 1, max: 2 ** 32 }),
      fileId: fc.stringMatching(/^\d{1,20}$/),
      contentInfo: fc.record(
        {
          audioVideoType: fc.constantFrom('RawAdaptive', 'ProtectedAdaptive', 'Transcode', 'Original'),
          transcodeDefinition: fc.nat(),
        },
        { requiredKeys: ['audioVideoType'] },
      ),
      currentTimeStamp: fc.nat(),
      expireTimeStamp: fc.nat(),
      urlAccessInfo: fc.record({ t: fc.stringMatching(/^[0-9a-f]{8}$/), us: text, domain: text }, { requiredKeys: [] }),
    },
    { requiredKeys: ['appId', 'fileId', 'contentInfo', 'currentTimeStamp'] },
  ) as fc.Arbitrary<PsignClaims>;
  const keys = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(claims, keys, async (signed, key) => {
      const token = signPsign(signed, key);
      expect(await verify(token, key)).toEqual({ payload: signed, protectedHeader: { alg: 'HS256', typ: 'JWT' } });
      expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{43}$/);
      await expect(verify(token, `${key}x`)).rejects.toThrow('signature verification failed');
    }),
  );
});
