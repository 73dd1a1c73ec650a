import fc from 'fast-check';
import { cleanSecret } from '../../cli/secrets/clean-secret';
import { npmRun, vod } from '../support/cli/cli';
import { rm } from 'node:fs/promises';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

const VOD_KEY = '/local/vod-key';
const KEY = 'Gu5t9xGARNpq86cd98joQYCN3Cozk1qA';
const ID = 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE';

let dataDir: string;
let run: TestRun;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  run = await startTestRun({ dataDir });
});

afterAll(async () => {
  await run.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(() => run.parameterStore.parameters.delete(VOD_KEY));

const stored = () => run.parameterStore.parameters.get(VOD_KEY);
const create = (secretId: string, secretKey: string) =>
  vod(['secrets', 'create', '--local'], { DATA_DIR: dataDir, VOD_SECRET_ID: secretId, VOD_SECRET_KEY: secretKey });

const AROUND = [
  ['a line end', '', '\n'],
  ['a Windows line end', '', '\r\n'],
  ['a carriage return', '', '\r'],
  ['a byte order mark', '\uFEFF', ''],
  ['zero-width characters', '\u200B', '\u200B\u2060'],
  ['blanks and a tab', ' ', '\t '],
  ['a no-break space', '\u00A0', '\u3000'],
  ['bidirectional marks', '\u202A', '\u202C'],
] as const;

test.each(AROUND)('A7: %s around a key in VOD_SECRET_KEY is not stored', async (_, before, after) => {
  expect((await create(`${before}${ID}${after}`, `${before}${KEY}${after}`)).code).toBe(0);
  expect(JSON.parse(stored() ?? '')).toEqual({ secretId: ID, secretKey: KEY });
});

test.each(AROUND)('A7: %s around a key that is typed or pasted is not stored', async (_, before, after) => {
  const promptSecrets = () => Promise.resolve([`${before}${ID}${after}`, `${before}${KEY}${after}`]);
  const { code } = await vod(['secrets', 'create', '--local'], { DATA_DIR: dataDir }, { promptSecrets });
  expect([code, JSON.parse(stored() ?? '')]).toEqual([0, { secretId: ID, secretKey: KEY }]);
});

test('A7: a pipe with a byte order mark and Windows line ends stores the two keys', async () => {
  const { code } = await npmRun(['secrets', 'create', '--local'], { DATA_DIR: dataDir }, `\uFEFF${ID}\r\n${KEY}\r\n`);
  expect([code, JSON.parse(stored() ?? '')]).toEqual([0, { secretId: ID, secretKey: KEY }]);
});

test.each([
  ['a blank', `${KEY.slice(0, 5)} ${KEY.slice(5)}`, 'U+0020 at position 6 of 33'],
  ['a zero-width space', `${KEY.slice(0, 5)}\u200B${KEY.slice(5)}`, 'U+200B at position 6 of 33'],
  ['a line end', `${KEY}\n${KEY}`, 'U+000A at position 33'],
  ['a letter of another script', `${KEY}А`, 'U+0410 at position 33'],
  ['a character outside the basic plane', `${KEY}\u{E0041}x`, 'U+E0041 at position 33'],
  ['what UTF-16 becomes', KEY.replaceAll(/(?<=.)(?=.)/g, '\0'), 'U+0000 at position 2'],
])('A7: %s in a key is refused, without showing the key', async (_, key, where) => {
  for (const result of [await create(ID, key), await create(key, KEY)]) {
    expect([result.code, result.out]).toEqual([1, '']);
    expect(result.err).toMatch(/^Cannot store the VOD key: the secret(Id|Key) contains a character that no key has/);
    expect(result.err).toContain(where);
    expect(result.err).not.toContain(KEY.slice(0, 5));
  }
  expect(stored()).toBeUndefined();
});

test('A7: keys in quotes, and keys that are swapped, are refused without showing them', async () => {
  for (const [id, key, why] of [
    [ID, `"${KEY}"`, 'the secretKey is in quotes'],
    [KEY, ID, 'secretId and secretKey are swapped'],
  ] as const) {
    const { code, err } = await create(id, key);
    expect([code, err]).toEqual([1, expect.stringContaining(why)]);
    expect(err).not.toContain(KEY);
  }
  expect(stored()).toBeUndefined();
});

test('A7: a key of invisible characters only is treated as missing', async () => {
  const promptSecrets = () => Promise.resolve([ID, '\u200B\r']);
  const { code, err } = await vod(['secrets', 'create', '--local'], { DATA_DIR: dataDir }, { promptSecrets });
  expect([code, err]).toEqual([1, expect.stringMatching(/set VOD_SECRET_ID and VOD_SECRET_KEY/)]);
});

test('A7: secrets rotate vod-key follows the same rule for keys', async () => {
  run.parameterStore.parameters.set(VOD_KEY, JSON.stringify({ secretId: ID, secretKey: 'old' }));
  const replace = (key: string) =>
    vod(['secrets', 'rotate', 'vod-key', '--step', 'replace', '--local'], {
      DATA_DIR: dataDir,
      VOD_SECRET_ID: ID,
      VOD_SECRET_KEY: key,
    });
  expect((await replace('a b')).code).toBe(1);
  expect((await replace(`${KEY}\r\n`)).code).toBe(0);
  expect(JSON.parse(stored() ?? '')).toEqual({ secretId: ID, secretKey: KEY });
});

test('A7: check reports a stored key with invisible characters, and does not show it', async () => {
  run.parameterStore.parameters.set(VOD_KEY, JSON.stringify({ secretId: ID, secretKey: `${KEY}\n` }));
  const { out } = await vod(['check', '--local'], { DATA_DIR: dataDir });
  expect(out).toMatch(
    /^FAULT +vod-key-secret +the secretKey in \/local\/vod-key has spaces, line breaks or invisible/m,
  );
  expect(out).not.toContain(KEY);
});

test('A7: cleanSecret returns visible ASCII or throws, and never quotes the value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
      try {
        expect(cleanSecret('it', value)).toMatch(/^[\x21-\x7e]*$/);
      } catch (error) {
        expect((error as Error).message).toMatch(/^it (contains a character|is in quotes)/);
      }
    }),
  );
});
