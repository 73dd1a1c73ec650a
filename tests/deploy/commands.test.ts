import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy } from '../helpers/packaged';

jest.setTimeout(120_000);

const CALLER = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'my-app' };

let copy: Copy;
let withoutEnv: Copy;

beforeAll(async () => {
  [copy, withoutEnv] = await Promise.all([copyOfTheProject(), copyOfTheProject()]);
  await copyExampleTo(copy.directory);
});

afterAll(() => Promise.all([copy.remove(), withoutEnv.remove()]));

test('serverless package stops at a bad parameter with one sentence and exit code 1, before it builds anything', async () => {
  const { directory } = withoutEnv;
  const outcomes = await Promise.all([
    withoutEnv.serverless(['package', '--stage', 'dev', '--param', 'JWT_AUDIENCE=my-app']),
    withoutEnv.serverless(['package', '--stage', 'prod'], { ...CALLER, CORS_ORIGINS: '*' }),
  ]);
  expect(outcomes).toEqual([
    {
      code: 1,
      stdout:
        "Error:\nCannot package: JWT_ISSUER is missing, give the issuer of your users' tokens, for example JWT_ISSUER=https://login.example.com/\n",
    },
    {
      code: 1,
      stdout:
        'Error:\nCannot package: CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com\n',
    },
  ]);
  expect(existsSync(join(directory, '.serverless'))).toBe(false);
  expect(existsSync(join(directory, '.esbuild', '.build', 'functions'))).toBe(false);
});

test.each([
  ['push', ['uploadSignature', 'uploads', 'vodEvents', 'uploadChanged', 'reconcile'], 'pullEvents'],
  ['pull', ['uploadSignature', 'uploads', 'uploadChanged', 'pullEvents', 'reconcile'], 'vodEvents'],
])('serverless print and deploy function know the functions of EVENT_MODE=%s only', async (mode, names, other) => {
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
