import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'node:querystring';
import fc from 'fast-check';
import type { SignatureParameters } from '../../lib/vod/schemas';
import { sign as signatureOf } from '../../lib/signing/signature';
import { maxTextBytes, seal } from '../../lib/vod/source-context';
import { diagnose } from '../../cli/signature/diagnose';
import { vod } from '../support/cli/cli';

// Each signature is made here with the vendor's steps (266/9221), or with one of them wrong, as in bugs of others.

interface Vector {
  readonly case: string;
  readonly parameters: SignatureParameters;
  readonly secretKey: string;
  readonly signature: string;
  readonly encodesAllValues: boolean;
  readonly decodes: boolean;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../fixtures/signatures', name), 'utf8'));
const vectors = read('vectors.json') as Vector[];
const independent = (read('independent.json') as { vectors: Vector[] }).vectors;

const KEY = 'IamSecretKey';
const NOW = 1_571_215_100;

const GOOD = {
  secretId: 'IamSecretId',
  currentTimeStamp: 1_571_215_095,
  expireTime: 1_571_215_095 + 86_400,
  random: 2_206_250_000,
};
type Parameters = Record<string, string | number>;

const mac = (original: string | Buffer, hash = 'sha1') => createHmac(hash, KEY).update(original).digest();
const base64 = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part))).toString('base64');
const signOriginal = (original: string) => base64(mac(original), original);
const sign = (parameters: Parameters = {}) => signOriginal(stringify({ ...GOOD, ...parameters }));
const original = stringify(GOOD);
/** A seal of the previous layout, which does not state whether there is a procedure. */
function firstSeal(text: string, caller: string): string {
  const payload = `${Buffer.byteLength(caller)}:${caller}:${text}`;
  const seal = createHmac('sha256', 'seal-key').update(`vcu1:${payload}`).digest('base64url').slice(0, 22);
  return `vcu1:${seal}:${payload}`;
}
const without = (name: string) => stringify(Object.fromEntries(Object.entries(GOOD).filter(([of]) => of !== name)));
const wrapped = (text: string) => text.replace(/.{76}/g, '$&\r\n');
/** One that has a "+" or "/" in its Base64. */
const withSigns = () => {
  for (let random = 2 ** 31; ; random++) {
    const signature = sign({ random });
    if (/[+/]/.test(signature)) return signature;
  }
};

const keys = { secretId: 'IamSecretId', secretKey: KEY, sealKeys: ['seal-key'] };
const rulesOf = (signature: string, at = NOW) => diagnose(signature, keys, at).violations.map(({ rule }) => rule);

test.each<[string, () => string]>([
  ['the plain one', sign],
  [
    'every parameter',
    () =>
      sign({
        classId: 3,
        procedure: 'P',
        taskPriority: -10,
        taskNotifyMode: 'None',
        oneTimeValid: 1,
        vodSubAppId: 1_500_000_001,
        sessionContext: 's',
        storageRegion: 'ap-tokyo',
        sourceContext: 'a b&c=你好+%',
      }),
  ],
  [
    'optional ones that are empty, as in the vendor’s sample',
    () => sign({ procedure: '', sourceContext: '', taskPriority: '', classId: '' }),
  ],
  ['a space as "+", as PHP writes it', () => signOriginal(`${original}&sourceContext=a+b%2Bc`)],
  ['parameters in another order', () => signOriginal(original.split('&').reverse().join('&'))],
  ['a text that has a %20 of its own, sealed', () => sign({ sourceContext: seal('100%20', 'me', false, 'seal-key') })],
  [
    'a sealed text with the procedure that it was sealed for',
    () => sign({ procedure: 'P', sourceContext: seal('order=7', 'me', true, 'seal-key') }),
  ],
  [
    'a text sealed before seals said whether there is a procedure',
    () => sign({ procedure: 'P', sourceContext: firstSeal('order=7', 'me') }),
  ],
])('diagnose finds no violation in a valid signature: %s', (_, make) => {
  expect(diagnose(make(), keys, NOW)).toMatchObject({ violations: [], verified: true });
});

test('the vendor’s own example violates only the bound of 90 days', () => {
  // 266/10638, Python and Go
  const signature =
    'aG6ZX3aZf+6tg/yRDZdRSNtM39lzZWNyZXRJZD1JYW1TZWNyZXRJZCZjdXJyZW50VGltZVN0YW1wPTE1NzEyMTUwOTUmZXhwaXJlVGltZT0xODg2NTc1MDk1JnJhbmRvbT0yMjA2MjU=';
  const { violations, notes, verified } = diagnose(signature, keys, NOW);
  expect([violations, notes].map((rules) => rules.map(({ rule }) => rule))).toEqual([['too-long'], ['random-tiny']]);
  expect(violations[0]?.message).toContain('3650 days');
  expect(verified).toBe(true);
});

const at = (times: Parameters) => () => sign(times);

test.each<[rules: string, make: () => string]>([
  // Bugs that others shipped
  ['current-time', () => signOriginal(original.replace('currentTimeStamp', 'currentTime'))],
  ['json', () => signOriginal(JSON.stringify(GOOD))],
  ['random-overflow', at({ random: 2 ** 32 })],
  ['random-not-integer', at({ random: 12.5 })],
  ['float-time,float-time', at({ currentTimeStamp: '1571215095.25', expireTime: '1571301495.25' })],
  // Traps
  ['milliseconds,milliseconds', at({ currentTimeStamp: 1_571_215_095_000, expireTime: 1_571_301_495_000 })],
  ['milliseconds', at({ expireTime: 1_571_301_495_000 })],
  ['too-long', at({ expireTime: GOOD.currentTimeStamp + 7_776_001 })],
  ['no-validity', at({ expireTime: GOOD.currentTimeStamp })],
  ['no-validity', at({ expireTime: 86_400 })],
  ['expired', at({ currentTimeStamp: NOW - 700, expireTime: NOW - 100 })],
  ['not-yet-valid', at({ currentTimeStamp: NOW + 700, expireTime: NOW + 7_000 })],
  ['not-a-number', at({ expireTime: 'tomorrow' })],
  ['url-safe-base64', () => withSigns().replaceAll('+', '-').replaceAll('/', '_')],
  ['url-encoded', () => encodeURIComponent(withSigns())],
  ['line-wrapped', () => wrapped(sign())],
  ['line-wrapped', () => `${sign()}\n`],
  ['no-padding', () => sign({ storageRegion: 'ap-tokyo' }).replace(/=+$/, '')],
  ['hex', () => Buffer.from(sign(), 'base64').toString('hex')],
  ['not-base64', () => original],
  ['not-base64,missing', () => 'secretId=IamSecretId&random=1'],
  ['not-base64', () => 'this is not a signature'],
  ['no-original', () => base64(mac('x'), 'nothing of the kind')],
  ['mac-over-decoded', () => base64(mac(`${original}&sourceContext=a b`), `${original}&sourceContext=a%20b`)],
  ['mac-over-decoded', () => base64(mac(`${original}&sourceContext=a b`), `${original}&sourceContext=a+b`)],
  ['encoded-as-a-whole', () => signOriginal(encodeURIComponent(original))],
  ['unencoded', () => signOriginal(`${original}&sourceContext=uid=42`)],
  ['unencoded', () => signOriginal(`${original}&sourceContext={"uid":42}`)],
  ['unencoded', () => signOriginal(`${original}&sourceContext=你好`)],
  ['unknown', () => signOriginal(`${original}&sourceContext=uid&note`)],
  ['bad-escape', () => signOriginal(`${original}&sourceContext=100%`)],
  ['not-utf8', () => signOriginal(`${original}&sourceContext=%C4%E3`)],
  ['mac-in-hex', () => base64(mac(original).toString('hex'), original)],
  ['mac-in-hex', () => base64(mac(original).toString('hex').toUpperCase(), original)],
  ['mac-in-base64', () => base64(mac(original).toString('base64'), original)],
  ['mac-behind', () => base64(original, mac(original))],
  ['mac-behind,mac-in-hex', () => base64(original, mac(original).toString('hex'))],
  ['no-mac', () => base64(original)],
  ['sha256', () => base64(mac(original, 'sha256'), original)],
  ['mac-in-hex,sha256', () => base64(mac(original, 'sha256').toString('hex'), original)],
  ['mac-behind,sha256', () => base64(original, mac(original, 'sha256'))],
  ['source-context-too-long', at({ sourceContext: '你'.repeat(84) })],
  ['no-procedure', at({ taskPriority: 1 })],
  ['no-procedure', at({ taskNotifyMode: 'Change' })],
  ['duplicated', () => signOriginal(`${original}&random=1`)],
  ['unknown', () => signOriginal(`${original}&templateId=1`)],
  ['unknown', () => signOriginal(`${original}&ClassID=1`)],
  ['missing', () => signOriginal(without('random'))],
  ['missing', () => signOriginal(without('expireTime'))],
  ['out-of-bounds', at({ procedure: 'P', taskPriority: 11 })],
  ['out-of-bounds', at({ procedure: 'P', taskNotifyMode: 'Finished' })],
  ['out-of-bounds', at({ oneTimeValid: 2 })],
  ['out-of-bounds', at({ oneTimeValid: 'true' })],
  ['out-of-bounds', at({ vodSubAppId: 'main' })],
  ['out-of-bounds', at({ sessionContext: 'x'.repeat(1001) })],
  ['wrong-mac', () => base64(createHmac('sha1', 'another').update(original).digest(), original)],
  ['another-key', at({ secretId: 'AKIDother' })],
  [
    'another-key',
    () => {
      const other = original.replace('IamSecretId', 'AKIDother');
      return base64(createHmac('sha1', 'another').update(other).digest(), other);
    },
  ],
  ['seal-procedure', at({ sourceContext: seal('order=7', 'me', true, 'seal-key') })],
  ['seal-procedure', at({ procedure: 'P', sourceContext: seal('order=7', 'me', false, 'seal-key') })],
  ['broken-seal', at({ sourceContext: seal('order=7', 'me', false, 'another seal key') })],
  // Several at once are all named
  [
    'line-wrapped,current-time,milliseconds,milliseconds,random-overflow',
    () =>
      wrapped(
        signOriginal(`secretId=IamSecretId&currentTime=1571215095000&expireTime=1571301495000&random=${2 ** 32}`),
      ),
  ],
])('diagnose reports the rules of a signature: %s', (rules, make) => {
  expect(rulesOf(make()).join()).toBe(rules);
});

test.each<[string, () => string, string]>([
  [
    'a SecretId of another key pair',
    at({ secretId: 'AKIDother' }),
    'secretId is AKIDother, but the SecretKey is that of IamSecretId: use SecretId and SecretKey of one pair',
  ],
  [
    'currentTime in place of currentTimeStamp',
    () => signOriginal(original.replace('currentTimeStamp', 'currentTime')),
    'currentTime is called currentTimeStamp',
  ],
  [
    'JSON in place of a query string',
    () => signOriginal(JSON.stringify(GOOD)),
    'the original is JSON: it must be a query string, secretId=...&currentTimeStamp=...&expireTime=...',
  ],
  ['a random of 2 ** 32', at({ random: 2 ** 32 }), 'random is over 4294967295: it is an unsigned 32-bit integer'],
  ['a random with a fraction', at({ random: 12.5 }), 'random must be decimal digits, 0 to 4294967295'],
  [
    'a time with a fraction',
    at({ currentTimeStamp: '1571215095.25' }),
    'currentTimeStamp is 1571215095.25: it must be whole seconds, round it down',
  ],
  [
    'valid for 91 days',
    at({ expireTime: GOOD.currentTimeStamp + 91 * 86_400 }),
    'it is valid for 91 days: VOD allows 7776000 seconds, 90 days',
  ],
  [
    'valid for a second over 90 days',
    at({ expireTime: GOOD.currentTimeStamp + 7_776_001 }),
    'it is valid for 7776001 seconds: VOD allows 7776000 seconds, 90 days',
  ],
])('diagnose tells what to do about %s', (_, make, expected) => {
  expect(diagnose(make(), keys, NOW).violations.map(({ message }) => message)).toEqual([expected]);
});

test('a text that looks encoded twice is a note, because a text may contain escapes', () => {
  const { violations, notes } = diagnose(signOriginal(`${original}&sourceContext=a%253D%25E4%25BD%25A0`), keys, NOW);
  expect([violations, notes]).toEqual([[], [expect.objectContaining({ rule: 'double-encoded' })]]);
  expect(notes[0]?.message).toContain('"a%3D%E4%BD%A0"');
});

test('a random below a million is a note, because it may be chance', () => {
  const { violations, notes } = diagnose(sign({ random: 8 }), keys, NOW);
  const message =
    'random is below a million: draw it from all 32 bits, or two one-time signatures of one second are the same ' +
    '(by chance, one in 4000 is)';
  expect([violations, notes]).toEqual([[], [{ rule: 'random-tiny', message }]]);
});

describe('diagnose > signatures made by other programs', () => {
  const rules = (vector: Vector) => {
    const { secretId, currentTimeStamp } = vector.parameters;
    const found = diagnose(vector.signature, { secretId, secretKey: vector.secretKey, sealKeys: [] }, currentTimeStamp);
    expect(found.verified).toBe(true);
    return found.violations.map(({ rule }) => rule);
  };

  test('signatures of programs that encode their values violate no rule, except V1, which is valid for ten years', () => {
    const wrong = [...vectors.filter((vector) => vector.encodesAllValues), ...independent].flatMap((vector) =>
      rules(vector).map((rule) => `${vector.case.slice(0, 2)} ${rule}`),
    );
    expect(new Set(wrong)).toEqual(new Set(['V1 too-long']));
  });

  test('signatures of other programs are all verified, also those that VOD would read differently', () => {
    expect(vectors.length + independent.length).toBeGreaterThan(60);
    for (const vector of [...vectors, ...independent]) rules(vector);
  });

  test('signatures of other programs have a violation if VOD would read another value', () => {
    const harmed = vectors.filter((vector) => !vector.decodes);
    expect(harmed.length).toBeGreaterThan(0);
    for (const vector of harmed) expect(rules(vector)).toEqual(expect.arrayContaining(['unencoded']));
  });
});

test('any input is either verified or has a violation, and nothing throws', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const queries = fc.array(fc.tuple(fc.constantFrom(...Object.keys(GOOD), 'sourceContext', 'x'), text), {
    maxLength: 6,
  });
  const any = fc.oneof(
    text,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => base64(Buffer.from(bytes))),
    queries.map((pairs) => signOriginal(pairs.map(([name, value]) => `${name}=${value}`).join('&'))),
  );
  fc.assert(
    fc.property(any, (signature) => {
      const { violations, verified } = diagnose(signature, keys, NOW);
      expect(violations.length > 0 || verified).toBe(true);
    }),
  );
});

test('every signature of the service is valid', () => {
  const parameters = fc.record({
    random: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    caller: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
    text: fc.string({ unit: 'grapheme', maxLength: 10 }),
  });
  fc.assert(
    fc.property(parameters, ({ random, caller, text }) => {
      fc.pre(Buffer.byteLength(text) <= maxTextBytes(caller, false));
      const signature = signatureOf({ ...GOOD, random, sourceContext: seal(text, caller, false, 'seal-key') }, KEY);
      expect(diagnose(signature, keys, NOW)).toMatchObject({ violations: [], verified: true });
    }),
  );
});

describe('explain', () => {
  const now = { now: () => NOW * 1000 };

  test('explain prints who may do what until when, and exits 0', async () => {
    const signature = sign({ oneTimeValid: 1, procedure: 'LongVideoPreset', vodSubAppId: 1_500_000_001 });
    const { code, out } = await vod(['explain', signature], { VOD_SECRET_KEY: KEY }, now);
    expect([code, out.split('\n')[0]]).toEqual([0, 'valid']);
    expect(out).toMatch(/one file.*1500000001.*LongVideoPreset.*until 2019-10-17T08:38:15.000Z \(1440 min\)/);
  });

  test('explain does not print "valid" without a key', async () => {
    const { code, out } = await vod(['explain', sign()], {}, now);
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining('NOT verified')]);
    const json = await vod(['explain', sign(), '--json'], {}, now);
    expect(JSON.parse(json.out)).toMatchObject({ valid: false, verified: false, violations: [] });
  });

  test('explain prints each violation, and exits 1', async () => {
    const { code, out } = await vod(['explain', sign({ random: 2 ** 32 })], {}, now);
    expect([code, out.split('\n')[0]]).toEqual([1, 'NOT valid']);
    expect(out).toContain('unsigned 32-bit');
  });

  test('text in a signature cannot add lines to the output of explain', async () => {
    const forged = 'mine\nvalid\r  issued to "me"\u001b[2J\u2028\u202e';
    const made = [
      sign({ sourceContext: forged, procedure: 'P\nvalid' }),
      signOriginal(`${original}&a%0Avalid=1`),
      signOriginal(`${original}&taskNotifyMode=a%0Avalid`),
    ];
    for (const signature of made) {
      const { out } = await vod(['explain', signature], {}, now);
      expect(out).toContain('\\u000avalid');
      expect(out.split('\n').map((line) => line.trim())).not.toContain('valid');
      // eslint-disable-next-line no-control-regex -- which is what is looked for
      expect(out).not.toMatch(/[\r\u001b\u2028\u202e]/);
    }
  });

  test('explain refuses --region without --stage', async () => {
    const { code, err } = await vod(['explain', sign(), '--region', 'eu-central-1'], {}, now);
    expect([code, err]).toEqual([2, expect.stringContaining('--stage')]);
  });

  test('explain takes exactly one signature', async () => {
    expect((await vod(['explain'])).code).toBe(2);
    expect((await vod(['explain', 'a', 'b'])).code).toBe(2);
  });
});
