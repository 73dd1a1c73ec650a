import { setTimeout as sleep } from 'node:timers/promises';
import { uploaderIndex } from '../../lib/uploads/by-uploader';
import { uploadStore } from '../../lib/uploads/store';
import { viewUpload } from '../../lib/uploads/view';
import { readUploads } from '../../lib/users/read-uploads';
import { seal } from '../../lib/vod/source-context';
import { countingClient, retryDeps } from '../support/backend';
import { newFileUpload } from '../support/events';
import { context, signRequest } from '../support/lambda';
import { startTestRun, type TestRun } from '../support/local';
import { ajv, component, fits, propertiesOf, responsesOf, violationsIn } from '../support/openapi';
import { confirmedRow, failed, NOW, reviewed, running, sealed, snapshot, succeeded } from '../support/unit/rows';

jest.setTimeout(60_000);

const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };
/** How long the local run may take to verify a file, in milliseconds. */
const WITHIN = 15_000;
/** The headers that the local gateway adds to those of a function. */
const TRANSPORT_HEADERS = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];

const LIST = 'GET /uploads';
const READ = 'GET /uploads/{fileId}';
const DELETE = 'DELETE /uploads/{fileId}';
const PLAY = 'GET /uploads/{fileId}/playback';
const SIGN = 'POST /upload-signature';

interface Request {
  readonly caller?: string;
  readonly fileId?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

interface HttpResponse {
  readonly route: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('the routes of users return what the document describes', () => {
  let run: TestRun;
  beforeAll(async () => {
    const limits = { MAX_BYTES: '1000000', ALLOWED_CATEGORIES: 'Video', UPLOADS_PER_DAY: '1' };
    run = await startTestRun({ features: { limits } });
  });
  afterAll(() => run.stop());

  async function call(route: string, request: Request = {}): Promise<HttpResponse> {
    const { caller = 'alice', fileId = '', query = '', headers = {}, body } = request;
    const [method = '', path = ''] = route.split(' ');
    const authorization = `Bearer ${await run.issuer.token({ sub: caller })}`;
    const response = await fetch(`${run.url}${path.replace('{fileId}', fileId)}${query}`, {
      method,
      headers: { authorization, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const own = [...response.headers].filter(([name]) => !TRANSPORT_HEADERS.includes(name));
    const parsed = (text === '' ? {} : JSON.parse(text)) as HttpResponse['body'];
    return { route, status: response.status, headers: Object.fromEntries(own), text, body: parsed };
  }

  /** The upload, once it has this status and VOD has confirmed it. */
  async function until(fileId: string, status: string, caller = 'alice'): Promise<HttpResponse> {
    const end = Date.now() + WITHIN;
    for (;;) {
      const response = await call(READ, { fileId, caller });
      if (response.body['status'] === status && response.body['updatedAt'] !== undefined) return response;
      if (Date.now() > end) throw new Error(`The upload is not ${status}: ${response.text}`);
      await sleep(50);
    }
  }

  const contextOf = (uploader: string) => seal('order=7', uploader, false, run.secrets.sealKey);
  const put = (file: Partial<typeof FILE> = {}) =>
    run.vod.put({ ...FILE, ...file, sourceContext: contextOf('alice') }).fileId;

  function expectDocumented(responses: readonly HttpResponse[], statuses: readonly number[]): void {
    const violations = responses.flatMap(({ route, status, headers, text }) =>
      violationsIn(route, status, headers, text),
    );
    expect(violations).toEqual([]);
    expect(responses.map(({ status }) => status)).toEqual(statuses);
  }

  test('a list, an upload, its playback and its deletion fit the document', async () => {
    const fileId = put();
    const ready = await until(fileId, 'ready');
    const etag = ready.headers['etag'] ?? '';
    const list = await call(LIST, { query: '?limit=1&sourceContext=order%3D7' });
    const page = await call(LIST, { query: `?cursor=${list.body['cursor'] as string}` });
    const unchanged = await call(READ, { fileId, headers: { 'if-none-match': `"0", ${etag}` } });

    const { parameters } = run.parameterStore;
    const name = [...parameters.keys()].find((one) => one.endsWith('/player-key')) ?? '';
    const key = parameters.get(name) ?? '';
    parameters.delete(name);
    const withoutKey = await call(PLAY, { fileId });
    parameters.set(name, key);
    await sleep(1_100); // the failure is remembered for a second
    const playback = await call(PLAY, { fileId });

    run.vod.setFaults({ api: 1 });
    const withoutVod = await call(DELETE, { fileId });
    run.vod.setFaults(undefined);
    const deletion = await call(DELETE, { fileId });
    const deleted = await until(fileId, 'deleted');

    expectDocumented(
      [ready, list, page, unchanged, withoutKey, playback, withoutVod, deletion, deleted],
      [200, 200, 200, 304, 503, 200, 503, 202, 200],
    );
    expect(list.body).toMatchObject({ uploads: [{ fileId }], cursor: expect.any(String) });
    expect(playback.body).toMatchObject({ fileId, psign: expect.any(String), url: expect.any(String) });
  });

  test('an unconfirmed upload and one that a limit rejects fit the document', async () => {
    const unconfirmedId = '5285890784273533167';
    const rejectedId = put({ size: 1_000_001 });
    const event = newFileUpload({ fileId: unconfirmedId, sourceContext: contextOf('alice') });
    await fetch(run.callbackUrl, { method: 'POST', body: JSON.stringify(event) });
    const unconfirmed = await call(READ, { fileId: unconfirmedId });
    const rejected = await until(rejectedId, 'rejected');
    const responses = [
      unconfirmed,
      await call(DELETE, { fileId: unconfirmedId }),
      await call(PLAY, { fileId: unconfirmedId }),
      rejected,
      await call(PLAY, { fileId: rejectedId }),
    ];
    expectDocumented(responses, [200, 409, 409, 200, 409]);
    expect(Object.keys(unconfirmed.body)).toEqual(['fileId', 'status', 'version', 'sourceContext']);
    expect(rejected.body).toMatchObject({ rejection: { reason: 'too-large' } });
  });

  test('refusals of the query, the caller and the file fit the document', async () => {
    const routes = [READ, DELETE, PLAY];
    const badQuery = await call(LIST, { query: '?limit=0&cursor=x&sourceContext=' });
    const badCaller = [LIST, ...routes].map((route) => call(route, { fileId: '7', caller: 'x'.repeat(129) }));
    const unknownFile = ['7', 'x'].flatMap((fileId) => routes.map((route) => call(route, { fileId })));
    expectDocumented(
      [badQuery, ...(await Promise.all([...badCaller, ...unknownFile]))],
      [400, 403, 403, 403, 403, 404, 404, 404, 404, 404, 404],
    );
    expect(badQuery.body['errors']).toHaveLength(3);
  });

  test('refusals of the limits and of the quota fit the document', async () => {
    const caller = 'bob';
    const body = { fileName: 'cat.png', fileSize: 1_000_001 };
    const limited = await call(SIGN, { caller, body });
    const signed = await call(SIGN, { caller, body: { fileName: 'cat.mp4', fileSize: 1_000_000 } });
    const { fileId } = run.vod.put({ ...FILE, sourceContext: contextOf(caller) });
    await until(fileId, 'ready', caller);
    const overQuota = await call(SIGN, { caller });
    expectDocumented([limited, signed, overQuota], [400, 200, 429]);
    expect(limited.body['errors']).toHaveLength(2);
    expect(overQuota.body['detail']).toMatch(/limit of 1 uploads in 24 hours/);
  });

  test.each([LIST, READ, DELETE, PLAY])('the gateway refuses %s without a token', async (route) => {
    const response = await call(route, { fileId: '7', headers: { authorization: '' } });
    const { content } = responsesOf(route)['401'] ?? {};
    expect(response.status).toBe(401);
    expect(response.body).toEqual(content?.['application/json']?.examples['gateway']?.value);
  });

  test.each([
    [LIST, undefined],
    [READ, '7'],
  ])('the response of %s while the table does not respond fits the document', async (route, fileId) => {
    const { dynamodb } = countingClient({ url: 'http://127.0.0.1:1' });
    const deps = { ...retryDeps, dynamodb, tableName: 'uploads' };
    const handler = readUploads({
      store: uploadStore(deps),
      index: uploaderIndex(deps),
      showsUrls: true,
      now: Date.now,
      log: () => undefined,
    });
    const event = { ...signRequest(), ...(fileId !== undefined && { pathParameters: { fileId } }) };
    const { statusCode, headers = {}, body = '' } = await handler(event, context(1_200));
    expect([statusCode, violationsIn(route, statusCode, headers, body)]).toEqual([503, []]);
  });

  test('every other status of the document is the gateway’s, or a failure of the function', () => {
    const above: Readonly<Record<string, readonly number[]>> = {
      [LIST]: [200, 400, 401, 403, 503],
      [READ]: [200, 304, 401, 403, 404, 503],
      [DELETE]: [202, 401, 403, 404, 409, 503],
      [PLAY]: [200, 401, 403, 404, 409, 503],
    };
    for (const [route, statuses] of Object.entries(above)) {
      const others = Object.keys(responsesOf(route)).filter((status) => !statuses.includes(Number(status)));
      expect(others).toEqual(['429', '500']);
    }
  });
});

describe('the schema of an upload', () => {
  const url = 'http://v/f0.mp4';
  const media = {
    ...snapshot().media,
    type: 'mp4',
    category: 'Video',
    width: 1280,
    height: 720,
    coverUrl: `${url}.jpg`,
  };
  const transcoded = { ...succeeded, outputs: [{ type: 'Transcode', definition: 100030, url }] };
  const confirmed = confirmedRow({ media, context: sealed, tasks: { t1: transcoded, t2: reviewed('pass', 'Normal') } });
  const { confirmedAt: _, ...unconfirmed } = { ...confirmed, status: 'processing' as const, version: 2 };
  const rows = {
    unconfirmed,
    confirmed,
    processing: confirmedRow({ media, context: sealed, tasks: { t1: running } }, NOW),
    failed: confirmedRow({ media, context: sealed, tasks: { t1: failed } }),
    held: confirmedRow({ media, context: sealed, review: { suggestion: 'review' }, tasks: { t1: transcoded } }),
    rejected: confirmedRow({ media, context: sealed, isForbidden: true, tasks: { t1: transcoded } }),
  };
  const isUpload = (value: unknown) => fits(component('Upload'), JSON.parse(JSON.stringify(value)));

  test.each(Object.entries(rows))('fits a row that is %s, with URLs and without', (_name, row) => {
    for (const showsUrls of [true, false]) {
      expect([isUpload(viewUpload(row, { showsUrls })), ajv.errors]).toEqual([true, null]);
    }
  });

  test('the schema of an upload has no property that the rows above lack', () => {
    const shown = Object.values(rows).flatMap((row) => Object.keys(viewUpload(row)));
    const documented = Object.keys(propertiesOf('UploadAttributes'));
    expect([...new Set(shown)].sort()).toEqual(documented.sort());
  });

  test.each<[string, object]>([
    ['an unknown property', { ...viewUpload(confirmed), trust: 'confirmed' }],
    ['no version', { ...viewUpload(confirmed), version: undefined }],
    ['a name before the first confirmation', { ...viewUpload(unconfirmed), name: 'clip' }],
    ['a URL while a person has to decide', { ...viewUpload(rows.held), url }],
    [
      'the URL of an output of a rejected file',
      { ...viewUpload(rows.rejected), outputs: [{ type: 'Transcode', url }] },
    ],
    ['an unknown status', { ...viewUpload(confirmed), status: 'done' }],
  ])('the schema of an upload does not fit one with %s', (_name, upload) => {
    expect(isUpload(upload)).toBe(false);
  });
});

test.each<[string, object, boolean]>([
  ['psign', { psign: 'a.b.c' }, true],
  ['a URL', { url: 'http://v/f0.mp4?t=1&sign=2' }, true],
  ['neither', {}, false],
  ['an unknown property', { psign: 'a.b.c', key: 'x' }, false],
])('a playback with %s fits its schema only if it can be played', (_name, more, isFit) => {
  expect(fits(component('Playback'), { appId: 1, fileId: '7', expireTime: 1, ...more })).toBe(isFit);
});
