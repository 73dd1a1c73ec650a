import { createHash, randomInt } from 'node:crypto';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { startStore, TABLE_NAME, type Store } from '../support/backend';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { context, signRequest } from '../support/lambda';
import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { HOUR, startReconciliation } from '../support/reconciliation';
import { refusal } from '../support/relay';
import { environment } from '../support/signer';
import { cleanUp, SECRET_ID, SECRET_KEY } from '../support/vod/vod-client';
import { startWebhook, type Webhook } from '../support/webhook';

const KEYS = { secretId: 'AKIDexample', secretKey: 'secret-key-of-tencent' };

let webhook: Webhook;
let store: Store;

beforeAll(async () => {
  [webhook, store] = await Promise.all([
    startWebhook(),
    startStore({ '/vod/key': JSON.stringify(KEYS), '/vod/seal': 'seal-key-of-ours' }),
  ]);
});
afterAll(async () => {
  await Promise.all([webhook.stop(), store.close()]);
});

/** None of the lines contains any of these texts. */
function expectNone(lines: readonly object[], texts: readonly string[]): void {
  const written = lines.map((line) => JSON.stringify(line));
  expect(written.length).toBeGreaterThan(0);
  for (const text of texts) expect(written.filter((line) => line.includes(text))).toEqual([]);
}

test('no line of the webhook contains the body, the token, the SignKey or a Sign', async () => {
  const T = Math.floor(Date.now() / 1000) + 600;
  const Sign = createHash('md5').update(`SignKey1${T}`).digest('hex');
  const both = webhook.handler({
    CALLBACK_TOKEN_PARAMETER: '/vod/token',
    CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key',
  });
  const events = [
    newFileUpload({ fileId: '387704', sourceContext: 'canary', url: 'http://canary/' }),
    newFileUpload({ fileId: '387704', sourceContext: 'another canary', url: 'http://canary/2' }),
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '387705', canary: 'canary', MetaData: 'canary' } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: 'canary'.repeat(20) } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: ['canary'] } },
    { EventType: 'a canary', canary: 'canary' },
    { EventType: ['canary'] },
    '{"canary":',
    `"${'canary'.repeat(200_000)}"`,
    Buffer.from('canary \xff', 'latin1'),
  ];
  for (const event of events) {
    const body = typeof event === 'string' || Buffer.isBuffer(event) ? event : { ...event, Sign, T };
    for (const query of ['token=token-1', 'token=canary', `token=token-2&Sign=${Sign}&T=${T}`, 'canary=canary']) {
      await webhook.post(body, { query, headers: { authorization: 'canary', sign: 'canary', 'x-canary': 'canary' } });
      await webhook.post(body, { query }, both);
    }
  }
  expectNone(webhook.lines, ['canary', 'token-1', 'token-2', 'SignKey1', Sign, 'seal-new', 'seal-old']);
});

test('no line of the signing function contains the body, the caller, a secret or the signature', async () => {
  const lines: object[] = [];
  const start = (env: Record<string, string> = {}) => {
    const names = { VOD_KEY_PARAMETER: '/vod/key', SEAL_KEY_PARAMETER: '/vod/seal' };
    const policy = { ONE_TIME_VALID: 'false', ONE_TIME_VALID_FIXED: 'false', VALID_FOR: '60', VALID_FOR_MAX: '60' };
    return signUpload({
      config: signerConfig({ ...names, ...policy, ...env }),
      getParameters: store.getParameters,
      now: Date.now,
      random: () => randomInt(2 ** 32),
      log: (fields) => lines.push({ ...fields }),
    });
  };
  const limited = start({ SIGN_RATE_PER_MINUTE: '1', SIGN_RATE_BURST: '12' });
  const signatures: string[] = [];
  const bodies = [
    undefined,
    { sourceContext: 'canary', sessionContext: 'canary' },
    { sourceContext: 'canary'.repeat(50) },
    { procedure: 'canary' },
    { canary: 'canary' },
    '{"canary":',
    'canary'.repeat(4_000),
    '[]',
  ];
  for (const claims of [{ sub: 'caller-7' }, { sub: '', name: 'caller-7' }, { sub: 'caller-7'.repeat(20) }]) {
    for (const body of [...bodies, ...bodies]) {
      const { body: response = '' } = await limited(signRequest(body, claims), context());
      signatures.push((JSON.parse(response) as { signature?: string }).signature ?? '');
    }
  }
  store.parameters.set('/vod/key', '{"secretId":"canary"}');
  await start()(signRequest(), context());
  store.parameters.set('/vod/key', JSON.stringify(KEYS));
  const codes = new Set(lines.map((line) => (line as { code?: string }).code));
  const refusals = ['invalid-request', 'too-large', 'too-many-requests', 'forbidden', 'unavailable'];
  expect(codes).toEqual(new Set([undefined, ...refusals]));
  const issued = signatures.filter(Boolean);
  expect(issued.length).toBeGreaterThan(0);
  expectNone(lines, ['canary', KEYS.secretId, KEYS.secretKey, 'seal-key-of-ours', 'caller-7', ...issued]);
});

test("no line of verification or reconciliation contains a file's content, a caller or a secret", async () => {
  const world = await startReconciliation();
  try {
    const fileId = world.upload({ text: 'canary', uploader: 'caller-7', procedure: 'FailingPreset' });
    await world.processed(fileId);
    await world.deliver(newFileUpload({ fileId, sourceContext: 'canary', url: 'http://canary/' }));
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9', sessionContext: 'canary' }));
    world.api.respond = () => refusal('InvalidParameterValue');
    await world.verify();
    world.api.respond = (_, pass) => pass();
    await world.deliver(newFileUpload({ fileId: '999', sourceContext: 'canary', url: 'http://canary/' }));
    await world.verify();
    await world.pass(2 * HOUR);
    await world.run();
    await world.client.DeleteMedia({ FileId: fileId });
    await world.checkpoint.write('{}');
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ status: 'deleted', uploader: 'caller-7' });
    const outcomes = world.lines.map(({ outcome }) => outcome);
    for (const outcome of ['no-response', 'verified', 'unknown', 'deleted', 'reconciled']) {
      expect(outcomes).toContain(outcome);
    }
    expectNone(world.lines, ['canary', 'caller-7', 'holiday', SECRET_ID, SECRET_KEY, 'seal-new']);
  } finally {
    await world.stop();
    await cleanUp();
  }
});

describe('the functions for app users, as they are deployed', () => {
  const PLAYER_KEY = 'player-key-of-the-console';
  const URL_KEY = 'urlkeyofthedomain';
  const SECRETS = [SECRET_KEY, PLAYER_KEY, URL_KEY, 'seal-new', 'seal-old'];
  /** Words of the caller's and VOD's content. */
  const CONTENT = ['canary', 'caller-7', 'holiday'];

  type UserRequest = APIGatewayProxyEventV2WithJWTAuthorizer;
  type Handler = (event: UserRequest, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

  let world: Awaited<ReturnType<typeof startReconciliation>>;
  let handlers: Readonly<Record<'uploads' | 'remove' | 'play' | 'sign' | 'signWithLimits', Handler>>;
  let fileId = '';
  const before = { ...process.env };

  beforeAll(async () => {
    world = await startReconciliation();
    fileId = world.upload({ text: 'canary', uploader: 'caller-7' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    world.webhook.parameters
      .set('/vod/key', JSON.stringify({ secretId: SECRET_ID, secretKey: SECRET_KEY }))
      .set('/vod/player', PLAYER_KEY)
      .set('/vod/url', URL_KEY);
    Object.assign(process.env, {
      ...environment,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SSM: world.webhook.parameterStoreUrl,
      AWS_ENDPOINT_URL_DYNAMODB: world.webhook.table.url,
      TABLE_NAME,
      UPLOADS_PER_DAY: '1',
      MAX_BYTES: '10',
      VOD_SUB_APP_ID: '',
      VOD_API_URL: world.vod.url,
      VOD_WRITE_KEY_PARAMETER: '/vod/key',
      PLAYER_KEY_PARAMETER: '/vod/player',
      URL_KEY_PARAMETER: '/vod/url',
      PLAYBACK_APP_ID: '1500000001',
      PLAYBACK_CONTENT: 'Original',
      PLAYBACK_SECONDS: '3600',
    });
    const [uploads, remove, play, sign, signWithLimits] = await Promise.all([
      import('../../functions/uploads.js'),
      import('../../functions/delete-upload.js'),
      import('../../functions/playback.js'),
      import('../../functions/upload-signature-with-quota.js'),
      import('../../functions/upload-signature-with-limits.js'),
    ]);
    handlers = {
      uploads: uploads.handler,
      remove: remove.handler,
      play: play.handler,
      sign: sign.handler,
      signWithLimits: signWithLimits.handler,
    };
  });
  afterAll(async () => {
    process.env = before;
    await world.stop();
    await cleanUp();
  });

  interface Call {
    readonly caller?: string;
    readonly path?: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly milliseconds?: number;
  }

  /** Calls a function; returns its response and the lines that it wrote to stdout and stderr. */
  async function call(
    name: keyof typeof handlers,
    { caller = 'caller-7', path, query, body, milliseconds }: Call = {},
  ) {
    const written: string[] = [];
    const streams = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation((text) => {
        written.push(String(text));
        return true;
      }),
    );
    try {
      const request = signRequest(body, { sub: caller, name: 'canary' });
      const response = await handlers[name](
        {
          ...request,
          ...(path !== undefined && { pathParameters: { fileId: path } }),
          ...(query && { queryStringParameters: query }),
          headers: { ...request.headers, 'x-canary': 'canary', 'if-none-match': '"canary"' },
        },
        context(milliseconds),
      );
      return {
        status: response.statusCode,
        body: response.body ?? '',
        lines: written.join('').split('\n').filter(Boolean),
      };
    } finally {
      for (const stream of streams) stream.mockRestore();
    }
  }

  function expectClean({ body, lines }: { readonly body: string; readonly lines: readonly string[] }): void {
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), outcome: expect.any(String) });
      for (const text of [...SECRETS, ...CONTENT]) expect(line).not.toContain(text);
    }
    for (const text of SECRETS) expect(body).not.toContain(text);
    // A stack, in a response or in a line.
    expect(body + lines.join('')).not.toMatch(/\\n +at |node_modules|\.[jt]s:\d/);
  }

  const cases: readonly [name: keyof typeof handlers, status: number, call: () => Call][] = [
    ['uploads', 200, () => ({})],
    ['uploads', 200, () => ({ query: { sourceContext: 'canary', limit: '1' } })],
    ['uploads', 200, () => ({ path: fileId })],
    ['uploads', 400, () => ({ query: { cursor: 'canary', limit: 'canary' } })],
    ['uploads', 404, () => ({ path: 'canary' })],
    ['uploads', 404, () => ({ path: fileId, caller: 'canary' })],
    ['uploads', 403, () => ({ caller: 'canary'.repeat(30) })],
    ['remove', 404, () => ({ path: fileId, caller: 'canary' })],
    ['remove', 404, () => ({ path: 'canary' })],
    ['play', 200, () => ({ path: fileId })],
    ['play', 404, () => ({ path: fileId, caller: 'canary' })],
    ['sign', 429, () => ({ body: { sourceContext: 'canary' } })],
    ['sign', 200, () => ({ caller: 'canary', body: { sourceContext: 'canary' } })],
    ['sign', 400, () => ({ body: { surplus: 'canary', procedure: 'canary', fileName: 'canary', fileSize: 11 } })],
    ['sign', 400, () => ({ body: '{"canary":' })],
    ['sign', 413, () => ({ body: 'canary'.repeat(4_000) })],
    ['signWithLimits', 200, () => ({ body: { sourceContext: 'canary', fileName: 'canary.mp4', fileSize: 10 } })],
    ['signWithLimits', 400, () => ({ body: { sourceContext: 'canary', fileName: 'canary', fileSize: 11 } })],
  ];
  test.each(cases)(
    '%s, status %i: logs no secret, stack, caller or content, and returns no secret or stack',
    async (name, status, make) => {
      const response = await call(name, make());
      expect([response.status, response.body]).toEqual([status, expect.any(String)]);
      expectClean(response);
      if (status >= 400) for (const text of CONTENT) expect(response.body).not.toContain(text);
      if (name === 'play' && status === 200) {
        const { psign, url } = JSON.parse(response.body) as { readonly psign: string; readonly url: string };
        expect(response.lines.join('')).not.toContain(psign);
        expect(response.lines.join('')).not.toContain(url);
      }
    },
  );

  test('while VOD refuses, a deletion logs the code and no content', async () => {
    world.webhook.parameters.set('/vod/key', JSON.stringify({ secretId: SECRET_ID, secretKey: 'canary-key' }));
    const response = await call('remove', { path: fileId });
    world.webhook.parameters.set('/vod/key', JSON.stringify({ secretId: SECRET_ID, secretKey: SECRET_KEY }));
    expect(response.status).toBe(503);
    expect(response.lines.join('')).toContain('AuthFailure.SignatureFailure');
    expectClean(response);
  });

  describe('while the table is unavailable', () => {
    beforeAll(() => world.webhook.table.kill());

    test.each(['uploads', 'remove', 'play', 'sign'] as const)(
      '%s returns 503 and logs the reason alone',
      async (name) => {
        const response = await call(name, { path: fileId, milliseconds: 1_500 });
        expect(response.status).toBe(503);
        expectClean(response);
      },
    );
  });
});
