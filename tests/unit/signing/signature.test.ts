import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { SignatureParameters } from '../../../lib/vod/schemas';
import { digest, original, parse, sign, verify } from '../../../lib/signing/signature';

interface Vector {
  readonly sample: string;
  readonly case: string;
  readonly parameters: SignatureParameters;
  readonly secretKey: string;
  readonly original: string;
  readonly signature: string;
  readonly decodes: boolean;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../../fixtures/signatures', name), 'utf8'));
const vectors = read('vectors.json') as Vector[];
const independent = (read('independent.json') as { vectors: Vector[] }).vectors;

const required = { secretId: 'AKID', currentTimeStamp: 1571215095, expireTime: 1571216895, random: 220625 };
const asStrings = (parameters: object) =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));

describe('sign makes the same bytes as standard libraries of Python, PHP and Java', () => {
  test.each(independent.map((vector) => [vector.case, vector] as const))('%s', (_, vector) => {
    expect(original(vector.parameters)).toBe(vector.original);
    expect(sign(vector.parameters, vector.secretKey)).toBe(vector.signature);
  });
});

describe("sign makes the same bytes as the vendor's Node sample", () => {
  // V1 lives for ten years, over the vendor's own limit, and V2 has an order of its own: only their digests are compared.
  const node = vectors.filter(({ sample, case: name }) => sample === 'node' && !/^V[12]/.test(name));
  test.each(node.map((vector) => [vector.case, vector] as const))('%s', (_, vector) => {
    expect(original(vector.parameters)).toBe(vector.original);
    expect(sign(vector.parameters, vector.secretKey)).toBe(vector.signature);
  });
});

describe("parse and verify read what the vendor's samples sign, whichever encoding they use", () => {
  test.each(vectors.map((vector) => [`${vector.sample}: ${vector.case}`, vector] as const))('%s', (_, vector) => {
    expect(digest(vector.original, vector.secretKey)).toEqual(parse(vector.signature).digest);
    expect(verify(vector.signature, vector.secretKey)).toBe(true);
    expect(verify(vector.signature, `${vector.secretKey}x`)).toBe(false);
    expect(parse(vector.signature).original).toBe(vector.original);
    if (vector.decodes) expect(parse(vector.signature).parameters).toEqual(asStrings(vector.parameters));
  });
});

test('any well-formed string round-trips through original and parse, and never becomes a literal plus or space', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, text, (secretId, procedure, sourceContext, sessionContext) => {
      const parameters = { ...required, secretId, procedure, sourceContext, sessionContext, storageRegion: procedure };
      fc.pre(Buffer.byteLength(sourceContext) <= 250);
      const signature = sign(parameters, 'key');
      expect(parse(signature).parameters).toEqual(asStrings(parameters));
      expect(original(parameters)).not.toMatch(/[+ \n]/);
      expect(verify(signature, 'key')).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe('sign, parameters within their bounds (266/9221)', () => {
  test.each<[string, Partial<SignatureParameters>]>([
    ['random 0', { random: 0 }],
    ['random 2^32 - 1', { random: 2 ** 32 - 1 }],
    ['a validity of 90 days', { expireTime: required.currentTimeStamp + 7_776_000 }],
    ['taskPriority -10', { taskPriority: -10 }],
    ['taskPriority 10', { taskPriority: 10 }],
    ['250 bytes of source context', { sourceContext: `${'好'.repeat(83)}x` }],
    ['1000 characters of session context', { sessionContext: 'x'.repeat(1000) }],
    ['2046 bytes of session context in characters of three', { sessionContext: '好'.repeat(682) }],
    ['oneTimeValid 0', { oneTimeValid: 0 }],
    ['an application id of 0', { vodSubAppId: 0 }],
  ])('sign accepts %s', (_, parameters) => {
    expect(original({ ...required, ...parameters })).toContain('secretId=AKID&currentTimeStamp=1571215095&');
  });
});

describe('sign, parameters beyond their bounds', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['random 2^32', { random: 2 ** 32 }, /random must be <= 4294967295/],
    ['a random that is not an integer', { random: 1.5 }, /random must be integer/],
    ['a fraction of a second', { currentTimeStamp: 1571215095.5 }, /currentTimeStamp must be integer/],
    [
      'a validity over 90 days',
      { expireTime: required.currentTimeStamp + 7_776_001 },
      /expireTime must be 1 to 7776000/,
    ],
    ['an expiry that is past', { expireTime: required.currentTimeStamp }, /expireTime must be 1 to 7776000/],
    ['taskPriority 11', { taskPriority: 11 }, /taskPriority must be <= 10/],
    ['another taskNotifyMode', { taskNotifyMode: 'Always' }, /taskNotifyMode must be equal to one of/],
    [
      '251 bytes of source context',
      { sourceContext: `${'好'.repeat(83)}xy` },
      /sourceContext must have at most 250 bytes/,
    ],
    ['1001 characters of session context', { sessionContext: 'x'.repeat(1001) }, /sessionContext must NOT have more/],
    [
      '2049 bytes of session context',
      { sessionContext: '好'.repeat(683) },
      /sessionContext must have at most 2048 bytes/,
    ],
    ['a lone surrogate', { procedure: '\ud800' }, /procedure must be well-formed Unicode/],
    ['no secretId', { secretId: '' }, /secretId must NOT have fewer than 1/],
    ['a parameter that VOD does not know', { fileType: 'mp4' }, /fileType must not be present: unknown property/],
  ])('sign refuses %s, by name', (_, parameters, message) => {
    const wrong = { ...required, ...parameters } as SignatureParameters;
    expect(() => original(wrong)).toThrow(RangeError);
    expect(() => original(wrong)).toThrow(message);
  });
});

describe('parse, texts that are not signatures', () => {
  // One with all that is peculiar to standard Base64: plus, slash and padding.
  const candidates = Array.from({ length: 500 }, (_, random) =>
    sign({ ...required, secretId: 'AKIDx', random }, 'key'),
  );
  const signature = candidates.find((text) => text.includes('+') && text.includes('/') && text.endsWith('=')) ?? '';

  test('parse accepts the signature from which the others are made', () => {
    expect(parse(signature).parameters).toMatchObject({ secretId: 'AKIDx' });
  });

  test.each([
    ['url-safe Base64', signature.replaceAll('+', '-').replaceAll('/', '_')],
    ['a line break', `${signature.slice(0, 76)}\n${signature.slice(76)}`],
    ['no padding', signature.replace(/=+$/, '')],
    ['a digest and nothing else', Buffer.alloc(20).toString('base64')],
    ['no bytes', ''],
  ])('parse rejects a signature with %s', (_, text) => {
    expect(() => parse(text)).toThrow(/must be padded standard Base64/);
  });
});
