import { diagnose } from '../../cli/signature/diagnose';
import { vod as command } from '../support/cli/cli';
import * as spoiled from '../support/spoiled-signatures';
import {
  apply,
  cleanUp,
  cos,
  SECRET_ID,
  sign,
  signOriginal,
  start,
  temporaryDirectory,
  ugc,
  upload,
  receiver,
  VIDEO,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const NOW = 1_571_215_100;
const BASE = { secretId: SECRET_ID, currentTimeStamp: 1571215095, expireTime: 1571215095 + 86400, random: 220625 };
const original = (changes: Record<string, string | number | undefined> = {}): string =>
  Object.entries({ ...BASE, ...changes })
    .flatMap(([name, value]: [string, string | number | undefined]) => (value === undefined ? [] : `${name}=${value}`))
    .join('&');

describe('the signature rules of 266/9221', () => {
  const text = original();
  test.each<[string, string, number]>([
    ['a good one', signOriginal(text), 0],
    ['every optional parameter', signOriginal(original({ classId: 7, oneTimeValid: 0, vodSubAppId: 1500012345 })), 0],
    ['empty optional parameters, as a vendor sample sends them', signOriginal(original({ procedure: '' })), 0],
    ['an unknown parameter', signOriginal(original({ invented: 1 })), 0],
    ['parameters in another order', signOriginal(text.split('&').reverse().join('&')), 0],
    ['random 0', signOriginal(original({ random: 0 })), 0],
    ['the largest random', signOriginal(original({ random: 4294967295 })), 0],
    ['the longest validity', signOriginal(original({ expireTime: 1571215095 + 7776000 })), 0],
    ['its last second', signOriginal(original({ expireTime: NOW })), 0],
    ['250 characters of source context', signOriginal(original({ sourceContext: '%E4%BD%A0'.repeat(250) })), 0],
    ['1000 characters of session context', signOriginal(original({ sessionContext: 'x'.repeat(1000) })), 0],
    ['no text at all', '', 10004],
    ['text that is not Base64', 'not a signature', 10004],
    ['Base64 with a line break', `${signOriginal(text).slice(0, 76)}\n${signOriginal(text).slice(76)}`, 10004],
    [
      'url-safe Base64',
      signOriginal(original({ procedure: '>>>???' }))
        .replaceAll('/', '_')
        .replaceAll('+', '-'),
      10004,
    ],
    ['another key', signOriginal(text, 'another key'), 10004],
    ['the MAC of the unencoded text', encodedButSignedDecoded(), 10004],
    ['a changed parameter', changed(text, text.replace('220625', '220626')), 10004],
    ['another secretId', signOriginal(original({ secretId: 'AKIDother' })), 10004],
    ['no secretId', signOriginal(original({ secretId: undefined })), 10004],
    ['currentTime instead of currentTimeStamp', signOriginal(text.replace('currentTimeStamp', 'currentTime')), 10004],
    ['no random', signOriginal(original({ random: undefined })), 10004],
    ['a fraction of a second', signOriginal(original({ currentTimeStamp: 1571215095.5 })), 10004],
    ['milliseconds', signOriginal(original({ currentTimeStamp: 1571215095000, expireTime: 1571215995000 })), 10004],
    ['random of 33 bits', signOriginal(original({ random: 4294967296 })), 10004],
    ['a negative random', signOriginal(original({ random: -1 })), 10004],
    ['a second over 90 days', signOriginal(original({ expireTime: 1571215095 + 7776001 })), 10004],
    ['ten years, as two vendor samples have it', signOriginal(original({ expireTime: 1886575095 })), 10004],
    ['an expiry before its own time', signOriginal(original({ expireTime: 1571215094 })), 10004],
    ['taskPriority 11', signOriginal(original({ taskPriority: 11 })), 10004],
    ['taskPriority -11', signOriginal(original({ taskPriority: -11 })), 10004],
    ['a task notify mode of its own', signOriginal(original({ taskNotifyMode: 'Always' })), 10004],
    ['oneTimeValid true', signOriginal(original({ oneTimeValid: 'true' })), 10004],
    ['a negative classId', signOriginal(original({ classId: -1 })), 10004],
    ['251 characters of source context', signOriginal(original({ sourceContext: 'x'.repeat(251) })), 10004],
    ['1001 characters of session context', signOriginal(original({ sessionContext: 'x'.repeat(1001) })), 10004],
    ['JSON instead of a query string', signOriginal(JSON.stringify(BASE)), 10004],
    ['one that expired a second ago', signOriginal(original({ expireTime: NOW - 1 })), 10010],
    ['one that expired, and whose key is wrong', signOriginal(original({ expireTime: NOW - 1 }), 'other'), 10004],
  ])('Prepare and Apply return the documented code for a signature with %s', async (_, signature, code) => {
    const vod = await start({ now: () => NOW * 1000 });
    expect((await ugc(vod.port, 'Prepare', { signature })).code).toBe(code);
    expect((await ugc(vod.port, 'Apply', { signature, ...VIDEO })).code).toBe(code);
  });

  function changed(signed: string, sent: string): string {
    const mac = Buffer.from(signOriginal(signed), 'base64').subarray(0, 20);
    return Buffer.concat([mac, Buffer.from(sent)]).toString('base64');
  }

  function encodedButSignedDecoded(): string {
    return changed(original({ sourceContext: 'a b' }), original({ sourceContext: 'a%20b' }));
  }

  test('Apply accepts the signature computed from the vendor sample, except for its validity', async () => {
    const vod = await start({ secretId: 'IamSecretId', secretKey: 'IamSecretKey', now: () => NOW * 1000 });
    // Computed elsewhere with encodeURIComponent over the inputs of the vendor's samples.
    const signature =
      '0ZBtUqSdgMxoEJj5ESxhhSOx6mpzZWNyZXRJZD1JYW1TZWNyZXRJZCZjdXJyZW50VGltZVN0YW1wPTE1NzEyMTUwOTUmZXhwaXJlVGltZT0xNTcx' +
      'MzAxNDk1JnJhbmRvbT0yMjA2MjUmY2xhc3NJZD0wJm9uZVRpbWVWYWxpZD0xJnZvZFN1YkFwcElkPTE1MDAwMDAwMDEmcHJvY2VkdXJlPUxvbmdW' +
      'aWRlb1ByZXNldCZzb3VyY2VDb250ZXh0PXVpZCUzRDQyJTI2bm90ZSUzRCVFNCVCRCVBMCVFNSVBNSVCRCUyMGElMkJi';
    expect((await ugc(vod.port, 'Apply', { signature, ...VIDEO })).code).toBe(0);
  });

  test('a request without a signature, or with an unknown Action, returns 10001', async () => {
    const vod = await start();
    expect(await ugc(vod.port, 'Apply', {})).toMatchObject({
      code: 10001,
      message: 'ugc upload | invalid request: "signature" must be a string',
    });
    expect(await ugc(vod.port, 'Invented', { signature: sign() })).toMatchObject({ code: 10001 });
  });
});

describe('refusals of signatures', () => {
  const { SPOILED, signValues, SECRET_ID: secretId, SECRET_KEY: secretKey } = spoiled;
  const samples: readonly (readonly [name: string, make: () => string, code: number])[] = [
    ...(
      [
        'a page copied as HTML, where "&curren" became "¤"',
        '"+" that became a space, as a form decodes it',
        'the MAC joined as Latin-1 text',
        'the MAC joined as UTF-8 text',
        'the whole response',
        '[object Promise]',
        'nothing',
        'an HTML page',
        'a JWT',
        'the MAC alone',
        'MD5',
        'another SecretKey',
        'the SecretId as the key',
        'SecretId and SecretKey swapped',
        'random undefined',
        'blanks around "="',
      ] as const
    ).map((name) => [name, SPOILED[name], 10004] as const),
    ['two faults', () => signValues({ expireTime: 1571215095 + 7776001, subAppId: 1 }), 10004],
    ['one that expired', () => signValues({ expireTime: spoiled.NOW - 1, subAppId: 1 }), 10010],
    ['one that expired, and whose key is wrong', () => signValues({ expireTime: spoiled.NOW - 1 }, 'other'), 10004],
  ];

  test.each(samples)('%s', async (_, make, code) => {
    const lines: string[] = [];
    const now = () => spoiled.NOW * 1000;
    const { port } = await start({ secretId, secretKey, now, log: (line) => lines.push(line) });
    const signature = make();
    const response: { readonly code: number; readonly message: string; readonly hint?: string } = await ugc(
      port,
      'Apply',
      { signature, ...VIDEO },
    );
    const [first] = diagnose(signature, { secretId, secretKey, sealKeys: [] }, spoiled.NOW).violations;
    expect(response).toMatchObject({ code, hint: first?.message });
    expect(response.message).toMatch(/^ugc upload \| (invalid signature|signature expired): /);
    expect(response.message.endsWith(`: ${first?.message ?? '?'}`)).toBe(true);
    expect(lines).toEqual([`ApplyUploadUGC: ${code} ${response.message}`]);
    expect(JSON.stringify([response, lines])).not.toContain(secretKey);
  });

  test('the message, the hint and the log of a refusal are the first message that explain prints', async () => {
    const { port } = await start({ secretId, secretKey, now: () => spoiled.NOW * 1000 });
    const signature = SPOILED['the whole response']();
    const { message } = await ugc(port, 'Apply', { signature, ...VIDEO });
    const { out } = await command(['explain', signature], { VOD_SECRET_KEY: secretKey });
    expect(out).toContain(`  whole-response: ${message.replace('ugc upload | invalid signature: ', '')}`);
  });

  test('explain has a message for each signature that the local VOD refuses', async () => {
    const { port } = await start({ now: () => NOW * 1000 });
    for (const changes of [
      { classId: -1 },
      { taskPriority: 11 },
      { taskNotifyMode: 'Always' },
      { oneTimeValid: 'true' },
      { vodSubAppId: 'main' },
      { storageRegion: 'Chongqing' },
      { sourceContext: 'x'.repeat(251) },
      { sessionContext: 'x'.repeat(1001) },
      { random: 4294967296 },
      { random: -1 },
      { currentTimeStamp: 1571215095.5 },
      { expireTime: 1571215094 },
      { expireTime: 1886575095 },
      { expireTime: '0x5da6' },
    ]) {
      const [name = ''] = Object.keys(changes);
      const { message } = await ugc(port, 'Apply', { signature: signOriginal(original(changes)), ...VIDEO });
      expect(message).toMatch(/^ugc upload \| invalid signature: /);
      expect(message).not.toMatch(/out of bounds|is not an unsigned|the validity is/);
      if (name !== 'expireTime') expect(message).toContain(name);
    }
  });
});

test.each([
  ['%20', 'a%20b%2Bc%E4%BD%A0%21*~', 'a b+c你!*~'],
  ['+', 'a+b%2Bc%E4%BD%A0!%2A%7E', 'a b+c你!*~'],
  ['nothing encoded, as a vendor sample has it', 'abc你', 'abc你'],
])('a source context with its space encoded as %s is decoded', async (_, encoded, meant) => {
  const hook = await receiver();
  const vod = await start({ callbackUrl: hook.url });
  const now = Math.floor(Date.now() / 1000);
  const signature = signOriginal(
    `secretId=${SECRET_ID}&currentTimeStamp=${now}&expireTime=${now + 60}&random=1&sourceContext=${encoded}`,
  );
  const applied = await apply(vod.port, signature);
  await cos(vod.port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  await ugc(vod.port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
  const [first] = await hook.wait(1);
  expect(first?.event.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe(meant);
});

describe('a one-time signature', () => {
  const duplicate = {
    code: expect.any(Number) as number,
    message: expect.stringMatching(/^duplicate vod signature: /) as string,
  };

  test('is used up by Apply, not by Prepare', async () => {
    const { port } = await start();
    const signature = sign({ oneTimeValid: 1 });
    expect((await ugc(port, 'Prepare', { signature })).code).toBe(0);
    expect((await ugc(port, 'Apply', { signature, ...VIDEO })).code).toBe(0);
    const again = await ugc(port, 'Apply', { signature, ...VIDEO });
    expect(again).toMatchObject(duplicate);
    expect(again.code).not.toBe(0);
  });

  test('cannot be used again in another Base64 spelling', async () => {
    const { port } = await start();
    const padded = Array.from({ length: 9 }, (_, n) => sign({ oneTimeValid: 1, sessionContext: 'x'.repeat(n) }));
    const signature = padded.find((text) => text.endsWith('=')) ?? '';
    const at = signature.indexOf('=') - 1;
    const respelled =
      signature.slice(0, at) + String.fromCharCode(signature.charCodeAt(at) + 1) + signature.slice(at + 1);
    expect(Buffer.from(respelled, 'base64')).toEqual(Buffer.from(signature, 'base64'));
    expect((await ugc(port, 'Apply', { signature, ...VIDEO })).code).toBe(0);
    expect((await ugc(port, 'Apply', { signature: respelled, ...VIDEO })).code).toBe(10004);
  });

  test('stays used up over a restart', async () => {
    const signature = sign({ oneTimeValid: 1 });
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    await apply(first.port, signature);
    await first.stop();
    const second = await start({ dataDir });
    expect(await ugc(second.port, 'Apply', { signature, ...VIDEO })).toMatchObject(duplicate);
  });

  test('is accepted by Commit if Apply of the same session used it', async () => {
    const { port } = await start();
    const mine = sign({ oneTimeValid: 1 });
    const other = sign({ oneTimeValid: 1 });
    const applied = await apply(port, mine);
    await apply(port, other);
    await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
    const { vodSessionKey } = applied;
    expect(await ugc(port, 'Commit', { signature: other, vodSessionKey })).toMatchObject(duplicate);
    expect((await ugc(port, 'Commit', { signature: mine, vodSessionKey })).code).toBe(0);
  });

  test('is refused by Apply if Commit used it first', async () => {
    const { port } = await start();
    const applied = await apply(port);
    await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
    const signature = sign({ oneTimeValid: 1 });
    expect((await ugc(port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey })).code).toBe(0);
    expect(await ugc(port, 'Apply', { signature, ...VIDEO })).toMatchObject(duplicate);
  });

  test('must be a new one to resume an upload', async () => {
    const { port } = await start();
    const signature = sign({ oneTimeValid: 1 });
    const { vodSessionKey } = await apply(port, signature);
    expect(await ugc(port, 'Apply', { signature, vodSessionKey })).toMatchObject(duplicate);
    expect((await ugc(port, 'Apply', { signature: sign({ oneTimeValid: 1 }), vodSessionKey })).code).toBe(0);
  });

  test('is the only kind of signature that is used up', async () => {
    const { port } = await start();
    const parameters = { currentTimeStamp: Math.floor(Date.now() / 1000), random: 5 };
    const first = await upload(port, parameters);
    const second = await upload(port, parameters);
    expect(first.fileId).not.toBe(second.fileId);
  });
});
