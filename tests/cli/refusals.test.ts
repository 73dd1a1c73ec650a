import { rm } from 'node:fs/promises';
import { explainAws } from '../../cli/refusals';
import { explainVod } from '../../cli/vod/explain-refusal';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

// Errors of AWS and VOD are explained to the operator: the cause, and the remedy.

const NEED = { action: 'ssm:PutParameter', resource: '/x' };
const error = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name, $metadata: {}, ...more });

describe('H15: explainAws', () => {
  test.each([
    [
      'AccessDeniedException',
      'no',
      'the AWS credentials lack ssm:PutParameter on /x: add it to their IAM policy (AccessDeniedException: no)',
    ],
    [
      'AccessDenied',
      'User: arn:x is not authorized to perform: kms:Encrypt on resource: arn:aws:kms:x:1:key/2 because',
      'the AWS credentials lack kms:Encrypt on arn:aws:kms:x:1:key/2: add it to their IAM policy (AccessDenied: ',
    ],
    [
      'AccessDeniedException',
      'User: arn:x is not authorized to perform: kms:Decrypt',
      'the AWS credentials lack kms:Decrypt: add it to their IAM policy (Access',
    ],
    ['ExpiredToken', 'old', 'have expired: log in again'],
    ['InvalidClientTokenId', 'The security token is invalid', 'AWS does not accept the AWS credentials'],
    ['SignatureDoesNotMatch', 'x', "set this machine's clock"],
    ['CredentialsProviderError', 'Could not load', 'there are no AWS credentials: set AWS_PROFILE'],
    ['ThrottlingException', 'Rate exceeded', 'AWS is busy (ThrottlingException): run this again'],
    ['ParameterLimitExceeded', 'too many', 'AWS returned ParameterLimitExceeded: too many'],
    ['UnknownError', 'a\nb\r\nc', 'AWS returned UnknownError: a b c'],
  ])('explainAws tells what to do about %s', (name, message, expected) => {
    expect(explainAws(error(name, message), NEED)).toContain(expected);
  });

  test('explainAws names the network for a call without a response', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(explainAws(refused, NEED)).toMatch(/^AWS does not respond \(ECONNREFUSED\): check the network/);
    expect(explainAws(error('TimeoutError', 'x'), NEED)).toMatch(/^AWS does not respond \(no response in time\)/);
  });
});

describe('H15: explainVod', () => {
  const CALL = { action: 'ModifyEventConfig', keyName: '/vod-key', vodSubAppId: 7 };
  test.each([
    ['AuthFailure.SecretIdNotFound', 'VOD does not know the secretId of /vod-key: store an enabled key pair'],
    ['AuthFailure.InvalidSecretId', 'VOD does not know the secretId of /vod-key'],
    ['AuthFailure.SignatureFailure', 'does not belong to its secretId'],
    ['AuthFailure.SignatureExpire', "this machine's clock is wrong: set it"],
    ['AuthFailure.TokenFailure', 'contains a temporary key'],
    ['AuthFailure.UnauthorizedOperation', 'the CAM policy of the key in /vod-key lacks vod:ModifyEventConfig: add it'],
    ['UnauthorizedOperation', 'the CAM policy of the key in /vod-key lacks vod:ModifyEventConfig: add it'],
    ['FailedOperation.InvalidVodUser', 'VOD is not activated for the account of the key in /vod-key'],
    ['FailedOperation.InvalidAccount', 'VOD refuses the account of the key in /vod-key'],
    ['InvalidParameterValue.SubAppId', 'VOD_SUB_APP_ID 7 is not an application of the account'],
    ['RequestLimitExceeded', 'VOD is busy: run this again'],
    ['InternalError', 'VOD is busy: run this again'],
    [
      'InvalidParameterValue.NotificationUrl',
      'VOD refuses ModifyEventConfig (InvalidParameterValue.NotificationUrl: text)',
    ],
  ])('explainVod tells what to do about %s', (code, expected) => {
    const text = explainVod(Object.assign(new Error('text'), { code }), CALL);
    expect(text).toContain(expected);
    expect(text).toContain(`${code}: text`);
  });

  test('explainVod explains a missing application, and a call without a response', () => {
    const missing = Object.assign(new Error('text'), { code: 'InvalidParameterValue.SubAppId' });
    expect(explainVod(missing, { ...CALL, vodSubAppId: undefined })).toMatch(
      /^VOD_SUB_APP_ID is missing, .*2023-12-25/,
    );
    expect(explainVod(new Error('connect ECONNREFUSED'), CALL)).toMatch(
      /^VOD does not respond \(connect ECONNREFUSED\)/,
    );
  });
});

describe('H15: register', () => {
  let dataDir: string;
  let run: TestRun;
  beforeAll(async () => {
    dataDir = await temporaryFolder();
    run = await startTestRun({ dataDir });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SSM: run.parameterStore.url,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    });
  });
  afterAll(async () => {
    await run.stop();
    await rm(dataDir, { recursive: true });
  });
  const env = () => ({
    VOD_API_URL: run.vod.url,
    VOD_KEY_PARAMETER: '/local/vod-key',
    SEAL_KEY_PARAMETER: '/local/seal-key',
    CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
  });
  const register = (variables: Readonly<Record<string, string>>) =>
    vod(['register', '--url', 'https://hook.example/x'], { ...env(), ...variables });

  test('register explains a refusal of VOD', async () => {
    run.parameterStore.parameters.set('/other', '{"secretId":"AKIDunknown","secretKey":"x"}');
    const { code, err } = await register({ VOD_API_KEY_PARAMETER: '/other' });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^Cannot register: VOD does not know the secretId of \/other: store an enabled key pair/),
    ]);
  });

  test('register explains a refusal of AWS', async () => {
    const denied = await serve((_request, response) => {
      response.writeHead(400).end('{"__type":"AccessDeniedException","message":"no\\nFAULT"}');
    });
    const { AWS_ENDPOINT_URL_SSM: before } = process.env;
    process.env['AWS_ENDPOINT_URL_SSM'] = denied.url;
    const { code, err } = await register({});
    process.env['AWS_ENDPOINT_URL_SSM'] = before;
    await denied.close();
    expect([code, err]).toEqual([
      1,
      'Cannot read /vod-client-upload/dev/rotation: the AWS credentials lack ssm:GetParameters on /vod-client-upload/dev/rotation: add it to their IAM policy (AccessDeniedException: no FAULT)',
    ]);
  });
});

// A message about a value that is one of several lists them.
describe('H15: values of enums', () => {
  test.each([
    [['secrets', 'list'], 'Unknown command "secrets list". Available: create, show, rotate'],
    [
      ['secrets', 'rotate', 'password', '--step', 'add'],
      '<secret> must be one of: seal-key, callback-token, sign-key, notify-secret, vod-key',
    ],
    [['secrets', 'rotate', 'seal-key', '--step', 'begin'], '--step must be one of: add, use, drop, replace'],
    [['secrets', 'rotate', 'sign-key', '--step', 'use'], '--step of sign-key must be one of: add, drop'],
    [['secrets', 'rotate', 'vod-key', '--step', 'add'], '--step of vod-key must be one of: replace'],
    [['notifications', 'list'], 'Unknown command "notifications list". Available: test, failed, retry'],
    [['send', 'Uploaded'], '<event> must be one of: NewFileUpload, ProcedureStateChanged, FileDeleted'],
    [['send', 'FileDeleted', '--format', '4.0'], '--format must be one of: 3.0, 2.0'],
    [['send', 'FileDeleted', '--status', 'DONE'], '--status must be one of: FINISH, PROCESSING'],
    [
      ['sign', '--procedure', 'P', '--task-notify-mode', 'x'],
      '--task-notify-mode must be one of: Finish, Change, None',
    ],
    [['resend'], 'Available: check, register, secrets, sign, explain, play, send, reconcile, notifications'],
  ])('the message about %j lists the accepted values', async (args, message) => {
    expect(await vod(args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });

  test.each([
    ['EVENT_MODE', 'poll', 'EVENT_MODE must be one of: push, pull, not "poll"'],
    ['EVENT_MODE', '', 'EVENT_MODE must be one of: push, pull, not ""'],
    ['PLAYBACK_CONTENT', 'x', 'PLAYBACK_CONTENT must be one of: RawAdaptive, ProtectedAdaptive, Transcode, Original'],
  ])('the message about %s=%s lists the accepted values', async (name, value, message) => {
    expect(await vod(['check'], { [name]: value })).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});
