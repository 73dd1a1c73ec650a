import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Browser, Page } from 'playwright-core';
import { listen, type Listening } from '../../local/server';
import { launchBrowser } from '../support/browser/browser';
import { startTestRun, type TestRun } from '../support/local';
import { apiClient, sendRequest } from '../support/vod/vod-client';

// H4: what a web page that the developer visits can do to a local run. Chromium with its web security on; the page tries
// whatever a page can send.

const EVIL = 'evil.example';
const ROW = {
  fileId: { S: '5285890784273533167' },
  sortTime: { S: '2026-11-26T00:00:00Z' },
  secret: { S: 'row-secret' },
};

let run: TestRun;
let site: Listening;
let app: Listening;
let browser: Browser;
/** The URLs of the requests to the app's server. */
const received: string[] = [];
beforeAll(async () => {
  app = await listen((request, response) => {
    received.push(request.url ?? '');
    response.end();
    return Promise.resolve();
  });
  run = await startTestRun({ features: { notifyUrl: `http://localhost:${app.port}/` } });
  await run.table.client.send(new PutItemCommand({ TableName: run.tableName, Item: ROW }));
  run.vod.setFaults({ seed: 7 }); // what a reset would change
  site = await listen((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>page</title><body>');
    return Promise.resolve();
  });
  browser = await launchBrowser(run.vod.port, [], [EVIL]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await site.close();
  await run.stop();
  await app.close();
});

interface Target {
  readonly name: string;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Every request that reads or changes what is not for pages. */
function targets(): Target[] {
  const amz = (url: string, target: string, body: object, type = '1.0'): Target => ({
    name: target,
    url: `${url}/`,
    method: 'POST',
    headers: { 'content-type': `application/x-amz-json-${type}`, 'x-amz-target': target },
    body: JSON.stringify(body),
  });
  const local = (method: Target['method'], url: string, body?: object): Target => ({
    name: `${method} ${new URL(url).pathname}`,
    url,
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const { fileId } = ROW;
  const TableName = run.tableName;
  const QueueUrl = run.queues.queueUrl('VerificationDeadLetters');
  return [
    amz(run.table.url, 'DynamoDB_20120810.ListTables', {}),
    amz(run.table.url, 'DynamoDB_20120810.Scan', { TableName }),
    amz(run.table.url, 'DynamoDB_20120810.DeleteItem', { TableName, Key: { fileId } }),
    amz(run.table.url, 'DynamoDB_20120810.PutItem', { TableName, Item: { ...ROW, secret: { S: 'changed' } } }),
    amz(run.table.url, 'DynamoDBStreams_20120810.ListStreams', {}),
    amz(run.parameterStore.url, 'AmazonSSM.GetParameter', { Name: '/local/vod-key', WithDecryption: true }, '1.1'),
    amz(
      run.parameterStore.url,
      'AmazonSSM.PutParameter',
      { Name: '/local/vod-key', Value: 'changed', Overwrite: true },
      '1.1',
    ),
    amz(run.queues.url, 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: 'from a page' }),
    amz(run.queues.url, 'AmazonSQS.ListQueues', {}),
    local('GET', `${run.url}/local/uploads`),
    local('GET', `${run.url}/local/config`),
    local('GET', `${run.url}/local/playback-keys`),
    local('GET', `${run.url}/local/page/main.js`),
    local('GET', `${run.url}/local/client/index.js`),
    local('GET', `${run.url}/local/events`),
    local('POST', `${run.url}/local/events/1/send`, {}),
    local('POST', `${run.url}/local/events/1/send`, { forgery: 'other-file' }),
    local('GET', `${run.url}/local/webhooks`),
    local('POST', `${run.url}/local/webhooks/1/retry`, {}),
    local('POST', `${run.url}/local/notify`, { type: 'upload.ready', data: {} }),
    local('GET', `${run.url}/local/vod`),
    local('PUT', `${run.url}/local/faults`, { drop: 1 }),
    local('DELETE', `${run.url}/local/faults`),
    local('GET', `${run.url}/local/cover/5285890784273533167`),
    local('POST', `${run.url}/local/run/reconcile`, {}),
    local('POST', `${run.url}/local/token`, { sub: 'user-42' }),
    local('GET', `${run.vod.url}/local/faults`),
    local('PUT', `${run.vod.url}/local/faults`, { drop: 1 }),
    local('DELETE', `${run.vod.url}/local/faults`),
    local('POST', `${run.vod.url}/local/review`, { fileId: fileId.S, suggestion: 'pass' }),
    local('POST', `${run.vod.url}/local/reset`, {}),
    local('POST', `${run.vod.url}/local/seed`, { files: [{}] }),
  ];
}

/** Tries to read and write from a page, and returns what it found; runs in the browser. */
const ATTACK = `async ({ url, method, headers, body }) => {
  const found = [];
  const note = (how) => (value) => found.push(how + ': ' + value);
  const read = async (how, options) => {
    try {
      const response = await fetch(url, options);
      if (response.type !== 'opaque') note(how)(response.status + ' ' + (await response.text()));
    } catch {}
  };
  await read('cors', { method, headers, body });
  await read('cors with cookies', { method, headers, body, credentials: 'include' });
  await read('simple request', { method: method === 'GET' ? 'GET' : 'POST', body });
  await read('no-cors', { mode: 'no-cors', method: method === 'GET' ? 'GET' : 'POST', body });
  const loaded = (tag, attributes) =>
    new Promise((resolve) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.onload = () => resolve(true);
      element.onerror = () => resolve(false);
      document.body.append(element);
      setTimeout(resolve, 3000, false);
    });
  if (await loaded('img', { src: url })) note('image')('loaded');
  const names = Object.keys(window).length;
  if (await loaded('script', { src: url })) note('script')('loaded, ' + (Object.keys(window).length - names) + ' names');
  if (await loaded('link', { rel: 'stylesheet', href: url })) note('style sheet')('loaded');
  const frame = Object.assign(document.createElement('iframe'), { name: 'frame' + Math.random() });
  document.body.append(frame);
  const form = Object.assign(document.createElement('form'), {
    action: url, method: 'POST', enctype: 'text/plain', target: frame.name,
  });
  const input = Object.assign(document.createElement('input'), { name: (body ?? '{').replace(/}$/, ', "x": "'), value: '"}' });
  form.append(input);
  document.body.append(form);
  const frameEnded = new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 3000); });
  form.submit();
  await frameEnded;
  try { note('frame')(frame.contentDocument.body.innerText); } catch {}
  navigator.sendBeacon(url, body ?? '');
  return found;
}`;

interface State {
  readonly rows: unknown;
  readonly key: string | undefined;
  readonly messages: object;
  readonly faults: string;
  readonly files: number | undefined;
  readonly callbacks: number;
  readonly webhooks: number;
  readonly functionLines: number;
}

/** Lines of the gateway and the local VOD about requests that they refused. */
function isRefusal(line: string): boolean {
  return line.startsWith('CORS refused') || /^[A-Z]+ \S+: 40\d: /.test(line);
}

async function state(): Promise<State> {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  return {
    rows: await run.table.rows(),
    key: run.parameterStore.parameters.get('/local/vod-key'),
    messages: run.queues.stats('VerificationDeadLetters'),
    faults: (await sendRequest(run.vod.port, { path: '/local/faults' })).text,
    files: (await apiClient(run.vod.port, { secretId, secretKey }).SearchMedia({})).TotalCount,
    callbacks: run.vod.callbackLog.size,
    webhooks: received.length,
    functionLines: run.lines.filter((line) => !isRefusal(line)).length,
  };
}

/** Opens a page of this origin, and makes all the requests from it. */
async function attack(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const target of targets()) {
    const results = await page.evaluate<string[]>(`(${ATTACK})(${JSON.stringify(target)})`);
    found.push(...results.map((result) => `${target.name}, ${result}`));
  }
  return found;
}

async function openSite(url: string): Promise<Page> {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.goto(url);
  return page;
}

test('the requests of the page arrive at a server that accepts everything, and their responses are read', async () => {
  const arrived: string[] = [];
  const open = await listen(async (request, response) => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
    const { origin = 'none', 'content-type': type = 'none', 'sec-fetch-mode': mode = '' } = request.headers;
    arrived.push(`${request.method ?? ''} ${mode}, origin ${origin}, type ${type}, ${body}`);
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-headers', 'content-type, x-amz-target');
    response.setHeader('access-control-allow-credentials', 'true');
    response.end('row-secret');
  });
  const page = await openSite(`http://${EVIL}:${site.port}/`);
  const target = { name: 'x', url: `http://localhost:${open.port}/`, method: 'POST', body: '{"a":1}' };
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'X' };
  const found = await page.evaluate<string[]>(`(${ATTACK})(${JSON.stringify({ ...target, headers })})`);
  const origin = `http://${EVIL}:${site.port}`;
  const text = arrived.join('\n');
  for (const one of [
    `OPTIONS cors, origin ${origin}, type none, `,
    `POST cors, origin ${origin}, type application/x-amz-json-1.0, {"a":1}`,
    `POST cors, origin ${origin}, type text/plain;charset=UTF-8, {"a":1}`,
    `POST no-cors, origin ${origin}, type text/plain;charset=UTF-8, {"a":1}`,
    'GET no-cors, origin none, type none, ',
    `POST navigate, origin ${origin}, type text/plain, {"a":1, "x": "="}`,
  ]) {
    expect(text).toContain(one);
  }
  expect(found).toEqual(expect.arrayContaining(['cors: 200 row-secret', 'simple request: 200 row-secret']));
  await page.close();
  await open.close();

  const { functionLines } = await state();
  await fetch(`${run.url}/local/run/reconcile`, { method: 'POST' });
  expect((await state()).functionLines).toBeGreaterThan(functionLines);

  // For the tests below: a callback that could be sent again. No function has seen its file, and none runs any more.
  run.vod.setFaults({ drop: 1 });
  run.vod.put({ name: 'cat', type: 'mp4', size: 1, sourceContext: 'row-secret' });
  run.vod.setFaults({ drop: 0 });
  expect((await fetch(`${run.url}/local/events`)).status).toBe(200);
  expect((await state()).callbacks).toBe(1);
}, 60_000);

test('H4: a page of another site reads and changes nothing', async () => {
  const before = await state();
  const page = await openSite(`http://${EVIL}:${site.port}/`);
  expect(await attack(page)).toEqual([]);
  expect(await state()).toEqual(before);
  await page.close();
}, 120_000);

test('H4: a page of another port of localhost gets nothing but tokens', async () => {
  const before = await state();
  const page = await openSite(`http://localhost:${site.port}/`);
  const found = await attack(page);
  expect(found.filter((one) => !one.startsWith('POST /local/token, '))).toEqual([]);
  expect(found.join('\n')).toContain('POST /local/token, cors: 200 {"token":');
  expect(await state()).toEqual(before);
  await page.close();
}, 120_000);

test.each(['run', 'vod', 'table', 'parameterStore', 'queues'] as const)(
  'H4: a page on a host name that was rebound to this machine reads nothing of it: %s',
  async (part) => {
    const before = await state();
    const { url } = part === 'run' ? run : run[part];
    const { port } = new URL(url);
    const page = await browser.newPage();
    const rebound = `http://${EVIL}:${port}`;
    // The attacker's server has sent this page; from then on the name is this machine's.
    await page.route(`${rebound}/attack`, (route) => route.continue({ url: `http://127.0.0.1:${site.port}/` }));
    await page.goto(`${rebound}/attack`);
    const ours = targets().filter((target) => new URL(target.url).port === port);
    expect(ours.length).toBeGreaterThan(1);
    for (const { url: target, ...rest } of ours) {
      const sameOrigin = { ...rest, url: target.replace(/^http:\/\/[^/]+/, rebound) };
      const response = await page.evaluate<{ status: number; text: string }>(
        `fetch(${JSON.stringify(sameOrigin.url)}, ${JSON.stringify(sameOrigin)}).then(async (r) => ({ status: r.status, text: await r.text() }))`,
      );
      expect([rest.name, response.status]).toEqual([rest.name, part === 'parameterStore' ? 400 : 403]);
      expect(response.text).not.toMatch(/row-secret|AKID|secretKey|token"|"drop"/);
    }
    expect(await state()).toEqual(before);
    await page.close();
  },
  60_000,
);

test('H4: routes that VOD opens to every origin stay open', async () => {
  const page = await openSite(`http://${EVIL}:${site.port}/`);
  const get = (path: string, options = {}) =>
    page.evaluate<string>(
      `fetch(${JSON.stringify(run.vod.url + path)}, ${JSON.stringify(options)}).then(async (r) => r.status + ' ' + (await r.text()))`,
    );
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"signature":"x"}' };
  expect(await get('/vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC', post)).toMatch(/^200 .*"code":10004/);
  expect(await get('/vodreport.qcloud.com/ugcupload_new', post)).toBe('200 {}');
  expect(await get('/local-vod-1250000001.cos.ap-chongqing.myqcloud.com/')).toMatch(/^403 .*AccessDenied/);
  expect(await get('/playvideo.qcloud.com/getplayinfo/v4/1500000001/1?psign=x')).toMatch(/^200 .*"code":/);
  expect(await get('/media/nothing.mp4')).toMatch(/^403 Key hotlink protection/);
  await page.close();
}, 60_000);

test('H4: the page itself can be opened from a link, and works', async () => {
  const page = await openSite(`http://${EVIL}:${site.port}/`);
  await page.evaluate(`location.href = ${JSON.stringify(`${run.url}/`)}`);
  await page.waitForURL(`${run.url}/`);
  await page.getByText('row-secret').or(page.getByText(ROW.fileId.S)).first().waitFor();
  await page.close();
}, 60_000);
