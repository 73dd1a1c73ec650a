import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { credentialsOf } from '../../cli/deployment/credentials';
import { awsRequestHandler } from '../../cli/network/proxy';
import { regionOf } from '../../cli/deployment/region';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { isThorough, sample } from '../support/thorough';

// The commands must act in the AWS account and region of the deploy, wherever .env and the shell name them. The
// reference for the account is the framework's own module, for the region `serverless print`.

const ROOT = resolve(__dirname, '../..');
const before = { ...process.env };

let folder: string;
let ssm: Awaited<ReturnType<typeof serve>>;
/** Access key and region of each call. */
let calls: string[] = [];

beforeAll(async () => {
  ssm = await serve((request, response) => {
    const [, key = '', region = ''] =
      /Credential=(\w+)\/\d+\/([\w-]+)\/ssm\//.exec(request.headers.authorization ?? '') ?? [];
    calls.push(`${key} ${region}`);
    request.resume().on('end', () => response.end('{"Parameters":[]}'));
  });
});

afterAll(() => ssm.close());

beforeEach(async () => {
  calls = [];
  folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-aws-'));
  const profiles = ['default', 'own', 'other', 'stage'].map(
    (name) =>
      `[${name}]\naws_access_key_id = AKIA${name.toUpperCase()}\naws_secret_access_key = x\nregion = eu-north-1\n`,
  );
  await writeFile(join(folder, 'credentials'), profiles.join('\n'));
  await writeFile(join(folder, 'config'), '[profile own]\nregion = eu-north-1\n');
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, {
    ...shared(),
    AWS_ENDPOINT_URL_SSM: ssm.url,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
});

afterEach(async () => {
  process.env = { ...before };
  await rm(folder, { recursive: true });
});

const shared = () => ({
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
  AWS_CONFIG_FILE: join(folder, 'config'),
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** Runs a command that calls SSM. `shell` is the shell's, `file` is .env. */
async function show(file: string, shell: Readonly<Record<string, string>> = {}, ...options: string[]) {
  await writeFile(join(folder, '.env'), file);
  Object.assign(process.env, shell);
  return vod(['secrets', 'show', ...options], { ...process.env }, { folder });
}

describe('A3: the account', () => {
  test.each([
    ['a profile in .env', 'AWS_PROFILE=other', {}, [], 'AKIAOTHER'],
    ['a profile in .env and keys in the shell', 'AWS_PROFILE=other', keys('SHELL'), [], 'AKIAOTHER'],
    ['a profile in the shell over one in .env', 'AWS_PROFILE=other', { AWS_PROFILE: 'own' }, [], 'AKIAOWN'],
    ['an empty profile in the shell, one in .env', 'AWS_PROFILE=other', { AWS_PROFILE: '' }, [], 'AKIAOTHER'],
    ['keys in .env', 'AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=x', {}, [], 'AKIAFILE'],
    ['a profile of the stage', 'AWS_DEV_PROFILE=stage\nAWS_PROFILE=other', keys('SHELL'), [], 'AKIASTAGE'],
    ['a default profile', 'AWS_DEFAULT_PROFILE=own', {}, [], 'AKIAOWN'],
    ['AWS’s default profile, where nothing is set', '', {}, [], 'AKIADEFAULT'],
    ['--aws-profile', 'AWS_PROFILE=other', keys('SHELL'), ['--aws-profile', 'own'], 'AKIAOWN'],
  ] as const)('the account is that of %s', async (_, file, shell, options, key) => {
    await show(file, shell, ...options);
    expect(calls).toEqual([`${key} ap-southeast-1`, `${key} ap-southeast-1`]);
  });

  test('a profile that does not exist is refused, with what to do', async () => {
    const { code, err } = await show('AWS_PROFILE=missing');
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^Cannot read secrets: there are no AWS credentials: .*missing/),
    ]);
    expect(calls).toEqual([]);
  });

  test('advised commands contain --aws-profile if it was given', async () => {
    Object.assign(process.env, { ...keys('SHELL'), AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:9' });
    const { out } = await vod(['check', '--aws-profile', 'own'], {}, { folder });
    expect(out).toContain('`npm run vod -- secrets create --stage dev --aws-profile own`');
  });

  test('the account is the framework’s for every combination of its variables', async () => {
    const choices: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['AWS_PROFILE', { AWS_PROFILE: 'own' }],
      ['AWS_PROFILE that is missing', { AWS_PROFILE: 'nowhere' }],
      ['AWS keys', keys('KEYS')],
      ['half of the AWS keys', { AWS_ACCESS_KEY_ID: 'AKIAHALF' }],
      ['the stage’s profile', { AWS_DEV_PROFILE: 'stage' }],
      ['the stage’s keys', { AWS_DEV_ACCESS_KEY_ID: 'AKIADEV', AWS_DEV_SECRET_ACCESS_KEY: 'x' }],
      ['AWS_DEFAULT_PROFILE', { AWS_DEFAULT_PROFILE: 'other' }],
      ['AWS_DEFAULT_PROFILE that is missing', { AWS_DEFAULT_PROFILE: 'nowhere' }],
    ];
    const cases: { readonly stage: string; readonly profile?: string; readonly variables: Record<string, string> }[] =
      [];
    for (let mask = 0; mask < 2 ** choices.length; mask += 1) {
      const variables = choices.filter((_, bit) => mask & (1 << bit)).map(([, one]) => one);
      if (!isThorough && mask % 7 !== 0) continue;
      cases.push({ stage: mask % 3 === 0 ? 'prod' : 'dev', variables: Object.assign({}, shared(), ...variables) });
    }
    cases.push({ stage: 'dev', profile: 'own', variables: { ...shared(), AWS_PROFILE: 'other' } });
    const noDefault = { ...shared(), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') };
    cases.push({ stage: 'dev', variables: noDefault }, { stage: 'dev', variables: { ...noDefault, ...keys('KEYS') } });

    const child = spawn(process.execPath, [join(ROOT, 'tests/support/cli/framework-credentials.js')], { cwd: ROOT });
    child.stdin.end(JSON.stringify(cases));
    const [theirs] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const ours: (string | null)[] = [];
    for (const { stage, profile, variables } of cases) {
      process.env = { ...variables };
      const requestHandler = awsRequestHandler({});
      const promptSecrets = () => Promise.resolve([]);
      const found = credentialsOf({ stage, profile, requestHandler, promptSecrets })();
      ours.push(await found.then(({ accessKeyId }) => accessKeyId).catch(() => null));
    }
    expect(ours).toEqual(JSON.parse(theirs));
    expect(new Set(ours).size).toBeGreaterThan(5);
  });
});

function keys(name: string) {
  return { AWS_ACCESS_KEY_ID: `AKIA${name}`, AWS_SECRET_ACCESS_KEY: 'x' };
}

describe('A3: the region', () => {
  test.each([
    ['.env', 'AWS_REGION=eu-west-1', {}, [], 'eu-west-1'],
    ['the shell before .env', 'AWS_REGION=eu-west-1', { AWS_REGION: 'us-west-2' }, [], 'us-west-2'],
    ['.env where the shell’s is empty', 'AWS_REGION=eu-west-1', { AWS_REGION: '' }, [], 'eu-west-1'],
    [
      '--region before both',
      'AWS_REGION=eu-west-1',
      { AWS_REGION: 'us-west-2' },
      ['--region', 'sa-east-1'],
      'sa-east-1',
    ],
    [
      'serverless.yml, whatever AWS_DEFAULT_REGION and the profile say',
      'AWS_DEFAULT_REGION=eu-west-1\nAWS_PROFILE=own',
      {},
      [],
      'ap-southeast-1',
    ],
  ] as const)('the region is that of %s', async (_, file, shell, options, region) => {
    await show(file, shell, ...options);
    expect(calls.map((call) => call.split(' ')[1])).toEqual([region, region]);
  });

  test.each([
    [
      'an empty line in .env, for which the deploy would use us-east-1',
      'AWS_REGION=',
      /^AWS_REGION is empty, .* us-east-1: name the region/,
    ],
    ['a line with a blank', 'AWS_REGION= ', /^AWS_REGION is empty/],
    ['blanks in quotes', 'AWS_REGION=" eu-west-1"', /^AWS_REGION must be an AWS region, .* not " eu-west-1"/],
    ['a zone', 'AWS_REGION=eu-west-1a', /^AWS_REGION must be an AWS region/],
    [
      'A12: the European Sovereign Cloud',
      'AWS_REGION=eusc-de-east-1',
      /^AWS_REGION eusc-de-east-1 is not supported, the deploy knows/,
    ],
    ['A12: an isolated region', 'AWS_REGION=us-isob-east-1', /is not supported/],
  ])('AWS_REGION is refused by name with %s', async (_, file, message) => {
    const { code, err } = await show(file, keys('SHELL'));
    expect([code, err, calls]).toEqual([2, expect.stringMatching(message), []]);
  });

  test('an empty --region is refused by name', async () => {
    expect(await show('', keys('SHELL'), '--region', '')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--region is empty/),
    });
  });

  test('the region is the one that `serverless print` prints', async () => {
    const yaml = `service: odd\nuseDotenv: true\nprovider:\n  name: aws\n  runtime: nodejs22.x\n  region: \${opt:region, env:AWS_REGION, 'ap-southeast-1'}\n`;
    await writeFile(join(folder, 'serverless.yml'), yaml);
    const framework = join(ROOT, 'node_modules/serverless/bin/serverless.js');
    const settings: readonly (readonly [shell: Readonly<Record<string, string>>, options: readonly string[]])[] = [
      [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-west-2' }, []],
      [{ AWS_DEFAULT_REGION: 'us-west-2' }, []],
      [{}, []],
      [{ AWS_REGION: 'eu-west-1' }, ['--region', 'cn-north-1']],
    ];
    for (const [shell, options] of sample(settings, 2)) {
      const env = { PATH: before['PATH'], HOME: folder, ...shell };
      const child = spawn(process.execPath, [framework, 'print', '--path', 'provider.region', ...options], {
        cwd: folder,
        env,
      });
      const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
      expect(regionOf(options[1], shell)).toBe(printed.trim());
    }
  });

  test('an empty AWS_REGION is us-east-1 for the framework, and therefore refused', async () => {
    const yaml = `service: odd\nprovider:\n  name: aws\n  runtime: nodejs22.x\n  region: \${env:AWS_REGION, 'ap-southeast-1'}\n`;
    await writeFile(join(folder, 'serverless.yml'), yaml);
    const framework = join(ROOT, 'node_modules/serverless/bin/serverless.js');
    const env = { PATH: before['PATH'], HOME: folder, AWS_REGION: '' };
    const child = spawn(process.execPath, [framework, 'print', '--path', 'provider.region'], { cwd: folder, env });
    const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(printed.trim()).toBe('us-east-1');
    expect(() => regionOf(undefined, env)).toThrow('us-east-1');
  });
});
