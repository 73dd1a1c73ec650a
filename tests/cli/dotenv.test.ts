import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { configurationOf } from '../../cli/deployment/configuration';
import { loadDotenv } from '../../cli/deployment/dotenv';
import { firstProblem } from '../../deploy/problems';
import { vod } from '../support/cli/cli';
import { sample } from '../support/thorough';

// The commands must read `.env` exactly as the deploy does. The reference is the framework itself.

const ROOT = resolve(__dirname, '../..');
const FRAMEWORK = join(ROOT, 'node_modules/serverless/bin/serverless.js');
const NAMES = ['A', 'B', 'C', 'D', 'E', 'F'];

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'vod-client-upload-env-'));
});

afterAll(() => rm(parent, { recursive: true }));

type Files = Readonly<Record<string, string | Buffer>>;

async function folderWith(files: Files): Promise<string> {
  const folder = await mkdtemp(join(parent, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

async function run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>, input = '') {
  const child = spawn(process.execPath, args, { cwd, env });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr };
}

/** The values to which the framework resolves `${env:NAME, 'unset'}`. */
async function printed(folder: string, shell: Readonly<Record<string, string>>): Promise<unknown> {
  const custom = NAMES.map((name) => `  ${name}: \${env:${name}, 'unset'}`).join('\n');
  const config = `service: odd\nuseDotenv: true\nprovider:\n  name: aws\n  stage: dev\n  runtime: nodejs22.x\ncustom:\n${custom}\n`;
  await writeFile(join(folder, 'serverless.yml'), config);
  const env = { PATH: process.env['PATH'] ?? '', HOME: parent, ...shell };
  const { stdout, stderr } = await run([FRAMEWORK, 'print', '--path', 'custom', '--format', 'json'], folder, env);
  if (!stdout.startsWith('{')) throw new Error(`The framework printed nothing: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

function readHere(folder: string, shell: Readonly<Record<string, string>>) {
  const { variables } = loadDotenv(folder, 'dev', shell);
  return Object.fromEntries(NAMES.map((name) => [name, variables[name] ?? 'unset']));
}

interface Case {
  readonly title: string;
  readonly files: Files;
  readonly shell?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { title: 'blanks behind =, a line of blanks', files: { '.env': 'A= \n   \nB=  x  \nC=\t\n \t \nD=y' } },
  { title: 'a byte order mark', files: { '.env': '\uFEFFA=1\nB=2' } },
  { title: 'NAME: value', files: { '.env': 'A: 1\nB:2\nC : 3\n  D:  4 # comment' } },
  {
    title: 'expansion of other names',
    files: { '.env': 'A=1\nB=${A}/x\nC=$A-y\nD=${NONE:-d}\nE=${A:+set}\nF=${F}' },
  },
  { title: 'quotes', files: { '.env': `A="x # y" # z\nB='$A'\nC=\`q\`\nD="a\\nb"\nE='it\\'s'\nF="open` } },
  { title: 'export, indentation, blanks around =', files: { '.env': 'export A=1\n  B = 2\n\texport   C= 3' } },
  { title: 'blank lines and duplicates', files: { '.env': '\n\nA=1\n\nA=2\n#A=3\nB=\nB=x\nB=' } },
  { title: 'Windows line ends', files: { '.env': 'A=1\r\nB=\r\nC="x"\r\n\r\nD=${A}\r\n' } },
  { title: 'old Mac line ends', files: { '.env': 'A=1\rB=2\r' } },
  {
    title: 'dollar signs',
    files: { '.env': "A=pa$$word\nB=\\$C\nC='$5'\nD=$1\nE=a\\${b}\nF=${A" },
    shell: { A: 'of-the-shell', F: 'a\\$b' },
  },
  { title: 'several lines in quotes', files: { '.env': 'A="1\n2"\nB=\'3\n4\'\nC=5' } },
  {
    title: 'the shell before the file, but for what is empty there',
    files: { '.env': 'A=file\nB=file\nC=${D}\nE=${A}${B}' },
    shell: { A: 'shell', B: '', D: 'of the shell' },
  },
  { title: 'the stage’s own file in place of .env', files: { '.env': 'A=1\nB=2', '.env.dev': 'B=3' } },
  { title: 'an empty file of the stage', files: { '.env': 'A=1', '.env.dev': '' } },
  { title: 'another stage’s file', files: { '.env': 'A=1', '.env.prod': 'A=2' } },
  { title: 'UTF-16, as some editors save', files: { '.env': Buffer.from('\uFEFFA=1\nB=2', 'utf16le') } },
  { title: 'no file', files: {}, shell: { A: 'x' } },
];

test.each(
  sample(
    CASES.filter(({ title }) => !title.startsWith('dollar')),
    4,
  ),
)('A2: $title: the CLI reads what `serverless print` reads', async ({ files, shell = {} }) => {
  const folder = await folderWith(files);
  expect(readHere(folder, shell)).toEqual(await printed(folder, shell));
});

/** The results of the framework's own module. */
async function framework(cases: readonly { folder: string; stage: string; shell: object }[]) {
  const script = join(ROOT, 'tests/support/cli/framework-env.js');
  const env = { PATH: process.env['PATH'] ?? '' };
  const { stdout, stderr } = await run([script], ROOT, env, JSON.stringify(cases));
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Readonly<Record<string, string>>[];
}

/** Without the switches of the library that are set here. */
function withoutSwitches(variables: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('DOTENV_CONFIG_')));
}

test('A2: 500 random files give the same variables as the framework’s own loader', async () => {
  const piece = fc.constantFrom(
    'A',
    'B',
    'C',
    'toString',
    '=',
    ' = ',
    ': ',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r',
    '#',
    '"',
    "'",
    '`',
    '\\',
    '$',
    '$A',
    '${B}',
    '${C:-x}',
    '${A:+y}',
    'export ',
    '\uFEFF',
    'x',
    'http://h/?a=1&b=2',
    '\\n',
    '\\$',
    '你好',
    '${',
    '}',
  );
  const content = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
  const shell = fc.dictionary(fc.constantFrom('A', 'B', 'D'), fc.constantFrom('', 'of the shell', '$C', 'a\\$b'));
  const samples = fc.sample(fc.record({ content, shell }), { numRuns: 500, seed: 20_261_126 });
  const cases = [];
  for (const { content: file, shell: variables } of samples) {
    cases.push({ folder: await folderWith({ '.env': file }), stage: 'dev', shell: variables });
  }
  const expected = await framework(cases);
  for (const [index, { folder, shell: variables }] of cases.entries()) {
    const read = withoutSwitches(loadDotenv(folder, 'dev', variables).variables);
    expect({ file: samples[index]?.content, read }).toEqual({ file: samples[index]?.content, read: expected[index] });
  }
});

test('A2: dollar signs in the file and the shell give the framework’s own values', async () => {
  const found = CASES.filter(({ title }) => title.startsWith('dollar'));
  for (const { files, shell = {} } of found) {
    const folder = await folderWith(files);
    const [expected] = await framework([{ folder, stage: 'dev', shell }]);
    expect(withoutSwitches(loadDotenv(folder, 'dev', shell).variables)).toEqual(expected);
  }
});

test('A2: the libraries are those that the framework loads, in the same release', async () => {
  for (const name of ['dotenv', 'dotenv-expand']) {
    const theirs = require.resolve(name, { paths: [join(ROOT, 'node_modules/serverless/lib/cli')] });
    expect(require.resolve(name, { paths: [ROOT] })).toBe(theirs);
  }
  const loader = await readFile(join(ROOT, 'node_modules/serverless/lib/cli/load-dotenv.js'), 'utf8');
  expect(loader).toContain("require('dotenv')");
});

test('A2: a file that cannot be read is refused, not skipped', async () => {
  const folder = await folderWith({ '.env': 'A=1' });
  await mkdir(join(folder, '.env.dev'));
  const [theirs] = await framework([{ folder, stage: 'dev', shell: {} }]);
  expect(theirs).toEqual({ error: expect.stringContaining('.env.dev') });
  expect(await vod(['check'], {}, { folder })).toMatchObject({
    code: 1,
    err: expect.stringContaining('Cannot read .env.dev'),
  });
});

test.each(['../x', '', 'a b', 'dev/..'])('A2: the stage %j is wrong usage, as for the framework', async (stage) => {
  expect(await vod(['check', '--stage', stage])).toMatchObject({
    code: 2,
    err: expect.stringContaining('--stage must consist of letters, digits and hyphens'),
  });
});

test('A2: a value that the framework would resolve once more is refused by name', async () => {
  const folder = await folderWith({ '.env': "A='\\${self:service}'\nVOD_SUB_APP_ID='\\${self:service}'" });
  expect(await printed(folder, {})).toMatchObject({ A: 'odd' });
  const { code, err } = await vod(['check'], {}, { folder });
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(
      /^VOD_SUB_APP_ID contains a Serverless variable \("\$\{"\), which this command cannot resolve/,
    ),
  ]);
});

// A value that the deploy refuses was never deployed, so the commands refuse it too, instead of using a default.
describe('A2: values that the deploy refuses', () => {
  /** Of serverless.yml, for the stage dev. */
  function readDefaults(): Record<string, string> {
    const config = readFileSync(join(ROOT, 'serverless.yml'), 'utf8');
    const matches = [...config.matchAll(/^ {4}(\w+): \$\{env:\w+, '(.*)'\}$/gm)];
    const resolve = (value: string) =>
      value.replace('${self:service}', 'vod-client-upload').replace('${sls:stage}', 'dev');
    return Object.fromEntries(matches.map(([, name = '', value = '']) => [name, resolve(value)]));
  }

  const NEEDED = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'my-app' };
  const READ = [
    'VOD_SUB_APP_ID',
    'VOD_API_URL',
    'EVENT_MODE',
    'PLAYBACK_CONTENT',
    'PLAYBACK_DEFINITION',
    'PLAYBACK_SECONDS',
    'PLAYBACK_APP_ID',
    'VOD_KEY_PARAMETER',
    'VOD_API_KEY_PARAMETER',
    'SEAL_KEY_PARAMETER',
    'NOTIFY_URL',
    'CALLBACK_SIGN_KEY_PARAMETER',
    'CALLBACK_TOKEN_PARAMETER',
  ];
  const VALUES = [
    '',
    ' ',
    ' x',
    'x ',
    '0',
    '1',
    '01',
    '-1',
    '1.5',
    '1e3',
    '59',
    '60',
    '604800',
    '604801',
    'push',
    'PULL',
    'pull',
    'Original',
    'original',
    '/a/b',
    'a/b',
    '/a//b',
    '/a b',
    'a,b',
    'https://x.example',
    'https://x.example/',
    'x.example',
    'https://x.example/a?b=c',
    'https://u:p@x.example/',
    'ftp://x.example/',
    '９',
    '\uFEFF1',
  ];

  test.each(READ)('%s is refused here where the deploy refuses it', (name) => {
    for (const value of VALUES) {
      const others = name.startsWith('PLAYBACK_') ? { URL_KEY_PARAMETER: '/url-key', VOD_SUB_APP_ID: '5' } : {};
      const problem = firstProblem({ ...readDefaults(), ...NEEDED, ...others, [name]: value }, 'dev');
      // About two parameters together: each alone can be read.
      if (/are set to the same SSM parameter|are both empty|^PLAYBACK_DEFINITION is missing/.test(problem)) continue;
      let refusal = '';
      try {
        configurationOf({ ...others, [name]: value }, 'dev');
      } catch (error) {
        refusal = (error as Error).message;
      }
      expect({ name, value, isRefused: refusal !== '' }).toEqual({ name, value, isRefused: problem !== '' });
      if (refusal !== '') expect(refusal.startsWith(`${name} `)).toBe(true);
    }
  });

  test('the defaults are those of serverless.yml', () => {
    const defaults = readDefaults();
    expect(Object.keys(defaults).length).toBeGreaterThan(30);
    expect(configurationOf({}, 'dev')).toEqual(configurationOf(defaults, 'dev'));
  });
});
