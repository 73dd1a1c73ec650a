import { randomInt } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Recorded } from '../../lib/events/ingest';
import type { ErrorCode } from '../../lib/platform/errors';
import { problems } from '../../lib/platform/http';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { generateOpenapi } from '../../scripts/generate-openapi';
import { localConfig, startStore, type Store } from '../support/backend';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { context, signRequest } from '../support/lambda';
import { startTestRun, type TestRun } from '../support/local';
import {
  ajv,
  committed,
  component,
  fits,
  operations,
  propertiesOf,
  responsesOf,
  violationsIn,
} from '../support/openapi';
import { startWebhook, type Webhook } from '../support/webhook';

describe('the schemas in docs/openapi.yaml that `npm run generate` writes', () => {
  test('the generated schemas in docs/openapi.yaml are up to date', () => {
    expect(generateOpenapi(committed)).toBe(committed);
  });

  test('generating restores edited schemas and keeps their descriptions', () => {
    const edited = committed.replace('maximum: 10\n', 'maximum: 11\n').replace('Priority of', 'The priority of');
    expect(edited).toContain('maximum: 11\n');
    expect(generateOpenapi(edited)).toBe(committed.replace('Priority of', 'The priority of'));
  });

  test.each(Object.entries(propertiesOf('SignatureRequest')))('describe the property %s', (_, { description }) => {
    expect(description).toMatch(/\.$/);
  });
});

test('every error code is in the document with its status and title, and no other', () => {
  const codes = Object.keys(problems) as ErrorCode[];
  const { type, status } = propertiesOf('Problem');
  expect(type?.enum).toEqual([...codes.map((code) => `urn:vod-client-upload:problem:${code}`), 'about:blank']);
  expect(status?.enum).toEqual([...codes.map((code) => problems[code][0]), 500].sort());
  const examples = Object.values(operations)
    .flatMap(({ responses }) => Object.values(responses))
    .flatMap(({ content }) => Object.values(content?.['application/problem+json']?.examples ?? {}))
    .map(({ value }) => value as { readonly type: string; readonly status: number; readonly title: string });
  const documented = new Set(examples.map((example) => `${example.type} ${example.status} ${example.title}`));
  const returned = codes.map((code) => `urn:vod-client-upload:problem:${code} ${problems[code].join(' ')}`);
  expect([...documented].sort()).toEqual([...returned, 'about:blank 500 The service failed'].sort());
});

test('every route of serverless.yml is in the document, and no other', async () => {
  const { functions } = await localConfig();
  const routes = Object.values(functions).flatMap(({ events }) =>
    events.flatMap(({ httpApi }) =>
      typeof httpApi === 'object' ? `${httpApi.method.toUpperCase()} ${httpApi.path}` : [],
    ),
  );
  expect(Object.keys(operations).sort()).toEqual(routes.sort());
});

test.each(Object.entries(operations))(
  '%s: the examples of parameters and headers fit their schemas',
  (_, operation) => {
    const { parameters = [], responses } = operation;
    const headers = Object.values(responses).flatMap((response) => Object.values(response.headers ?? {}));
    const examples = [...parameters, ...headers.filter(({ example }) => example !== undefined)];
    for (const { schema, example } of examples) expect([example, fits(schema, example)]).toEqual([example, true]);
  },
);

const bodies = Object.entries(operations).flatMap(([route, { requestBody, responses }]) => [
  ...(requestBody ? [[route, 'request', requestBody] as const] : []),
  ...Object.entries(responses).flatMap(([status, response]) =>
    response.content ? [[route, status, response] as const] : [],
  ),
]);

test.each(bodies)('%s %s: each body has examples, and each example fits its schema', (_route, _which, body) => {
  for (const { schema, examples } of Object.values(body.content ?? {})) {
    expect(Object.keys(examples)).not.toEqual([]);
    for (const { value } of Object.values(examples)) expect([fits(schema, value), ajv.errors]).toEqual([true, null]);
  }
});

test.each(Object.entries(operations))(
  '%s: each example of a problem has the status of its response',
  (_, operation) => {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      for (const { value } of Object.values(content?.['application/problem+json']?.examples ?? {})) {
        expect(value).toMatchObject({ status: Number(status) });
      }
    }
  },
);

/** The differences between a function's response and the document. */
function violationsOf(route: string, { statusCode, headers, body }: APIGatewayProxyStructuredResultV2): string[] {
  return violationsIn(route, statusCode, headers ?? {}, body ?? '');
}

describe('the functions return what the document describes', () => {
  const environment = {
    VOD_KEY_PARAMETER: '/vod/key',
    SEAL_KEY_PARAMETER: '/vod/seal',
    VOD_SUB_APP_ID: '',
    ONE_TIME_VALID: 'false',
    ONE_TIME_VALID_FIXED: 'false',
    VALID_FOR: '1800',
    VALID_FOR_MAX: '86400',
    PROCEDURES: 'LongVideoPreset',
    DEFAULT_PROCEDURE: '',
    CLASS_IDS: '',
    STORAGE_REGIONS: '',
    SIGN_RATE_PER_MINUTE: '1',
    SIGN_RATE_BURST: '3',
  };
  let store: Store;
  let webhook: Webhook;
  let run: TestRun;
  beforeAll(async () => {
    const keyPair = JSON.stringify({ secretId: 'AKIDexample', secretKey: 'a-secret-key' });
    store = await startStore({ '/vod/key': keyPair, '/vod/seal': 'seal' });
    webhook = await startWebhook();
    run = await startTestRun();
  });
  afterAll(() => Promise.all([store.close(), webhook.stop(), run.stop()]));

  const signer = (env: object = {}) =>
    signUpload({
      config: signerConfig({ ...environment, ...env }),
      getParameters: store.getParameters,
      now: Date.now,
      random: () => randomInt(2 ** 32),
      log: () => undefined,
    });
  /** The last response to a caller who asks this often. */
  async function signed(body: unknown, times = 1, claims?: Record<string, string>, env?: object) {
    const sign = signer(env);
    for (let count = 1; count < times; count += 1) await sign(signRequest(body, claims), context());
    return sign(signRequest(body, claims), context());
  }

  test('upload-signature returns each status of the document that is not the gateway’s', async () => {
    const responses = [
      await signed(undefined),
      await signed({ sourceContext: 'order=7', oneTimeValid: 1, procedure: 'LongVideoPreset', taskPriority: 1 }),
      await signed('not JSON'),
      await signed({ vodSubAppId: 1, 'a/b~': 1, taskPriority: 11 }),
      await signed({ validFor: 86_401, procedure: 'Nope', taskNotifyMode: 'None' }),
      await signed({ sourceContext: 'x'.repeat(250) }),
      await signed({}, 1, {}),
      await signed({ sessionContext: 'x'.repeat(16_384) }),
      await signed({}, 4),
      await signed({}, 1, undefined, { VOD_KEY_PARAMETER: '/vod/none' }),
    ];
    expect(responses.flatMap((response) => violationsOf('POST /upload-signature', response))).toEqual([]);
    const statuses = [200, 200, 400, 400, 400, 400, 403, 413, 429, 503];
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(statuses);
    const documented = Object.keys(responsesOf('POST /upload-signature'));
    const others = documented.filter((status) => !statuses.includes(Number(status)));
    expect(others).toEqual(['401', '500']);
  });

  test('vod-events returns each outcome and each status of the document that is not the gateway’s', async () => {
    const upload = newFileUpload({ fileId: '5285890784273533167' });
    const unready = webhook.handler({ CALLBACK_TOKEN_PARAMETER: '/vod/none' });
    const responses = [
      await webhook.post(upload),
      await webhook.post(upload),
      await webhook.post({ EventType: 'SomethingNew' }),
      await webhook.post('not JSON'),
      await webhook.post({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: '' } }),
      await webhook.post(upload, { query: 'token=wrong' }),
      await webhook.post('x'.repeat(1024 * 1024 + 1)),
      await webhook.post(upload, {}, unready),
    ];
    expect(responses.flatMap((response) => violationsOf('POST /vod-events', response))).toEqual([]);
    expect(responses.map(({ statusCode, body = '' }) => [statusCode, /"outcome":"(\w+)/.exec(body)?.[1]])).toEqual([
      [200, 'recorded'],
      [200, 'repeated'],
      [200, 'ignored'],
      ...[400, 400, 401, 413, 500].map((status) => [status, undefined]),
    ]);
    const outcomes: Readonly<Record<Exclude<Recorded['outcome'], 'write-failed'>, true>> = {
      recorded: true,
      repeated: true,
      ignored: true,
    };
    expect(propertiesOf('EventOutcome')['outcome']?.enum).toEqual(Object.keys(outcomes));
  });

  test('the gateway refuses a request without a token as the document describes', async () => {
    const response = await fetch(`${run.url}/upload-signature`, { method: 'POST' });
    const { content } = responsesOf('POST /upload-signature')['401'] ?? {};
    const documented = content?.[response.headers.get('content-type') ?? ''];
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(documented?.examples['gateway']?.value);
  });

  test.each<[unknown, boolean]>([
    [{}, true],
    [[], false],
    [{ oneTimeValid: true, validFor: 60, classId: 0 }, true],
    [{ oneTimeValid: 2 }, false],
    [{ validFor: 0 }, false],
    [{ validFor: 1.5 }, false],
    [{ classId: 2 ** 53 }, false],
    [{ procedure: 'LongVideoPreset', taskPriority: -10, taskNotifyMode: 'Change' }, true],
    [{ procedure: '' }, false],
    [{ procedure: 'LongVideoPreset', taskPriority: 11 }, false],
    [{ procedure: 'LongVideoPreset', taskNotifyMode: 'finish' }, false],
    [{ sessionContext: 'x'.repeat(1000) }, true],
    [{ sessionContext: 'x'.repeat(1001) }, false],
    [{ sourceContext: null }, false],
    [{ secretId: 'AKID' }, false],
  ])('a request is signed if and only if it fits the document: %j', async (body, isFit) => {
    expect(fits(component('SignatureRequest'), body)).toBe(isFit);
    expect((await signed(body)).statusCode).toBe(isFit ? 200 : 400);
  });

  const fixtures = join(__dirname, '../fixtures/events');
  test.each(readdirSync(fixtures).filter((name) => name.endsWith('.json')))(
    'an event is accepted if and only if it fits the document: %s',
    async (name) => {
      const event: unknown = JSON.parse(readFileSync(join(fixtures, name), 'utf8'));
      expect(fits(component('VodEvent'), event)).toBe((await webhook.status(event)) === 200);
    },
  );

  test.each<[object, boolean]>([
    [newFileUpload({ fileId: '1'.repeat(40) }), true],
    [newFileUpload({ fileId: '1'.repeat(41) }), false],
    [newFileUpload({ fileId: 'x' }), false],
    [procedureStateChanged({ fileId: '1' }, 'FINISH', { taskId: 'x'.repeat(257) }), true],
    [procedureStateChanged({ fileId: 'no file of VOD' }, 'FINISH', { taskId: 't1' }), true],
    [{ EventType: 'PullComplete', PullCompleteEvent: { Status: 'FAIL', FileId: '' } }, true],
    [{ EventType: 'PullComplete', PullCompleteEvent: { Status: 'FINISH', ErrCode: 40000, FileId: '' } }, true],
    [{ EventType: 'PullComplete', PullCompleteEvent: { Status: 'FINISH', ErrCode: 0, FileId: '' } }, false],
    [{ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: Array.from({ length: 150 }, (_, n) => `${n}`) } }, true],
    [{ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: ['', '1'] } }, true],
    [{ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: [''] } }, false],
    [{ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: [] } }, false],
    [{ EventType: '' }, false],
  ])('an event is accepted if and only if it fits the bounds of the document: %j', async (event, isFit) => {
    expect(fits(component('VodEvent'), event)).toBe(isFit);
    expect((await webhook.status(event)) === 200).toBe(isFit);
  });
});
