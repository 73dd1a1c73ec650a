import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy } from '../support/deploy/packaged';
import { isThorough, sample } from '../support/thorough';

jest.setTimeout(300_000);

const CALLER = { JWT_ISSUER: 'https://id.example.net/', JWT_AUDIENCE: 'web' };

let copy: Copy;
let withoutEnv: Copy;

beforeAll(async () => {
  [copy, withoutEnv] = await Promise.all([copyOfTheProject(), copyOfTheProject()]);
  await copyExampleTo(copy.directory);
});

afterAll(() => Promise.all([copy.remove(), withoutEnv.remove()]));

test('serverless package stops at a bad parameter with one message and exit code 1, before it builds anything', async () => {
  const { directory } = withoutEnv;
  const missing = ['package', '--stage', 'dev', '--param', 'JWT_AUDIENCE=my-app'];
  expect(await withoutEnv.serverless(missing)).toEqual({
    code: 1,
    stdout:
      "Error:\nCannot package: JWT_ISSUER is missing, set it to the iss of your users' tokens, for example JWT_ISSUER=https://login.example.com/\n",
  });
  if (isThorough) {
    const refused = withoutEnv.serverless(['package', '--stage', 'prod'], { ...CALLER, CORS_ORIGINS: '*' });
    expect(await refused).toEqual({
      code: 1,
      stdout:
        'Error:\nCannot package: CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com\n',
    });
  }
  expect(existsSync(join(directory, '.serverless'))).toBe(false);
  expect(existsSync(join(directory, '.esbuild', '.build', 'functions'))).toBe(false);
});

test('A9: serverless package refuses faults that only the whole deploy shows, by name and before it builds anything', async () => {
  const refuse = async (args: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const { code, stdout } = await withoutEnv.serverless(['package', ...args], { ...CALLER, ...variables });
    return `${code ?? 'killed'} ${stdout.replace('Error:\n', '').trim()}`;
  };
  const CLASS_IDS = Array.from({ length: 900 }, (_, index) => String(1_000 + index)).join(',');
  const topic = 'arn:aws:sns:us-east-1:123456789012:alarms';
  const tooLong = expect.stringMatching(
    /^1 Cannot package: CLASS_IDS is too long: it has 4499 bytes, and the environment of uploadSignature would have 4\d{3} bytes in total, Lambda's limit is 4096$/,
  ) as string;
  expect(await refuse([], { CLASS_IDS })).toEqual(tooLong);
  if (isThorough) {
    expect(await refuse(['--region', 'eu-west-1'], { ALARM_TOPIC_ARN: topic })).toBe(
      `1 Cannot package: ALARM_TOPIC_ARN must name a topic in the region of the deploy, eu-west-1, not "${topic}", for example ALARM_TOPIC_ARN=arn:aws:sns:eu-west-1:123456789012:alarms`,
    );
    expect(await refuse([], { AWS_REGION: '' })).toMatch(/^1 Cannot package: AWS_REGION is empty, /);
    expect(await refuse(['--stage', 'local'])).toMatch(
      /^1 Cannot package: the stage "local" is reserved for npm start/,
    );
  }
  expect(existsSync(join(withoutEnv.directory, '.serverless'))).toBe(false);
});

test('N19: serverless package --stage prod refuses the values of .env.example, from the file and from the shell', async () => {
  const own = { JWT_ISSUER: 'https://id.example.net/' };
  expect(await copy.serverless(['package', '--stage', 'prod'], own)).toEqual({
    code: 1,
    stdout:
      'Error:\nCannot package: JWT_AUDIENCE "my-app" is the example of .env.example and is refused in prod, set your own value\n',
  });
  if (isThorough) {
    expect(await copy.serverless(['package', '--stage', 'prod'])).toEqual({
      code: 1,
      stdout:
        'Error:\nCannot package: JWT_ISSUER "https://login.example.com/" is the example of .env.example and is refused in prod, set your own value\n',
    });
  }
});

test('serverless package refuses stages that look like prod, or that AWS does not accept, with a message', async () => {
  const invalid = /^Invalid stage name\. Stage names may contain only ASCII letters, numbers, and hyphens\.$/;
  const refusals: readonly (readonly [stage: string, message: RegExp])[] = [
    ['Prod', /^Cannot package: the stage "Prod" looks like production/],
    ['a_b', invalid],
    ['prod-eu', /^Cannot package: the stage "prod-eu" looks like production/],
    ['x'.repeat(31), /^Cannot package: the stage has 31 characters, the limit is 30/],
    ['\uFF50\uFF52\uFF4F\uFF44', invalid],
  ];
  await Promise.all(
    sample(refusals, 1).map(async ([stage, message]) => {
      const { code, stdout } = await withoutEnv.serverless(['package', '--stage', stage], CALLER);
      expect([code, stdout.split('\n')[1]]).toEqual([1, expect.stringMatching(message)]);
    }),
  );
});

test.each(
  sample(
    [
      ['push', ['uploadSignature', 'uploads', 'vodEvents', 'uploadChanged', 'reconcile'], 'pullEvents'],
      ['pull', ['uploadSignature', 'uploads', 'uploadChanged', 'pullEvents', 'reconcile'], 'vodEvents'],
    ] as const,
    1,
  ),
)('serverless print and deploy function know the functions of EVENT_MODE=%s only', async (mode, names, other) => {
  const variables = { EVENT_MODE: mode };
  const [printed, deployed] = await Promise.all([
    copy.serverless(['print', '--format', 'json'], variables),
    copy.serverless(['deploy', 'function', '--function', other], variables),
  ]);
  const { functions } = JSON.parse(printed.stdout) as { functions: object };
  expect(Object.keys(functions)).toEqual(names);
  expect(deployed).toEqual({ code: 1, stdout: `Error:\nFunction "${other}" doesn't exist in this Service\n` });
});

test('serverless print for the stage local has the functions of both modes, and parameters that are given as --param', async () => {
  const { code, stdout } = await withoutEnv.serverless(
    ['print', '--format', 'json', '--stage', 'local', '--param', 'JWT_ISSUER=http://127.0.0.1:3000'],
    { JWT_AUDIENCE: 'local', CALLBACK_TOKEN_PARAMETER: '', CALLBACK_SIGN_KEY_PARAMETER: 'sign-key' },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    custom: { parameters: { issuer: 'http://127.0.0.1:3000', audience: ['local'], cors: false } },
    functions: {
      pullEvents: { events: [{ schedule: 'rate(1 minute)' }] },
      vodEvents: { environment: { CALLBACK_TOKEN_PARAMETER: '', CALLBACK_SIGN_KEY_PARAMETER: 'sign-key' } },
    },
  });
});
