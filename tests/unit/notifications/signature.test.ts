import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { parseWebhookSecret, signWebhook } from '../../../lib/notifications/signature';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const secretOf = (bytes: number, fill = 7) => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
const now = () => Math.floor(Date.now() / 1000);
const message = () => ({ id: 'msg_1', timestamp: now(), body: '{"type":"upload.ready","data":{"name":"动物 🎬"}}' });

interface Signed {
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
  readonly signature: string;
}

/** @throws Error when the package of Standard Webhooks refuses it */
function verify({ id, timestamp, body, signature }: Signed, secret: string): void {
  new Webhook(secret).verify(body, {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  });
}

describe('signWebhook', () => {
  test('gives the signature of the vector that Standard Webhooks publishes', () => {
    const vector = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };
    expect(signWebhook(vector, [SECRET])).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('is verified by the package of Standard Webhooks for any JSON and any secret', () => {
    const ids = fc.stringMatching(/^msg_[\w-]{32}$/);
    const keys = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(ids, fc.jsonValue(), keys, (id, value, key) => {
        const secret = `whsec_${Buffer.from(key).toString('base64')}`;
        const signable = { id, timestamp: now(), body: JSON.stringify({ value }) };
        verify({ ...signable, signature: signWebhook(signable, [secret]) }, secret);
      }),
    );
  });

  test.each<[string, (signed: Signed) => Partial<Signed>, string]>([
    ['a changed body', () => ({ body: '{"type":"upload.ready","data":{"name":"动物 🎭"}}' }), SECRET],
    ['a body with one more blank', () => ({ body: '{"type":"upload.ready","data":{"name":"动物 🎬"}} ' }), SECRET],
    ['another id', () => ({ id: 'msg_2' }), SECRET],
    ['a later time', ({ timestamp }) => ({ timestamp: timestamp + 2 }), SECRET],
    ['an earlier time', ({ timestamp }) => ({ timestamp: timestamp - 2 }), SECRET],
    ['another secret', () => ({}), secretOf(24)],
  ])('is refused by the package of Standard Webhooks with %s', (_, change, secret) => {
    const signable = message();
    const signed = { ...signable, signature: signWebhook(signable, [SECRET]) };
    verify(signed, SECRET);
    expect(() => {
      verify({ ...signed, ...change(signed) }, secret);
    }).toThrow('No matching signature found');
  });

  test('is refused by the package of Standard Webhooks after five minutes', () => {
    const signable = { ...message(), timestamp: now() - 302 };
    expect(() => {
      verify({ ...signable, signature: signWebhook(signable, [SECRET]) }, SECRET);
    }).toThrow('Message timestamp too old');
  });

  test('with two secrets is verified with either of them, and with no third one', () => {
    const signable = message();
    const secrets = [SECRET, secretOf(64)];
    const signed = { ...signable, signature: signWebhook(signable, secrets) };
    expect(signed.signature).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
    for (const secret of secrets) verify(signed, secret);
    expect(() => {
      verify(signed, secretOf(32));
    }).toThrow('No matching signature found');
  });
});

describe('parseWebhookSecret', () => {
  test('returns the key of 24 to 64 bytes', () => {
    expect(parseWebhookSecret(secretOf(24))).toEqual(Buffer.alloc(24, 7));
    expect(parseWebhookSecret(secretOf(64))).toEqual(Buffer.alloc(64, 7));
  });

  test.each([
    ['without whsec_', SECRET.slice(6)],
    ['of 23 bytes', secretOf(23)],
    ['of 65 bytes', secretOf(65)],
    ['in Base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['in hex with another prefix', `hex_${Buffer.alloc(32, 7).toString('hex')}`],
    ['with a line break', `${SECRET}\n`],
    ['that is empty', 'whsec_'],
  ])('refuses a secret %s, without repeating it', (_, secret) => {
    expect(() => parseWebhookSecret(secret)).toThrow(
      'Cannot read secrets: a notify secret must be whsec_ and 24 to 64 bytes in Base64',
    );
  });
});
