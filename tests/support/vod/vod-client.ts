import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify, type ParsedUrlQueryInput } from 'node:querystring';
import { setTimeout as sleep } from 'node:timers/promises';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { startVod, type Vod, type VodOptions } from '../../../local/vod/server';

// A client of the local VOD, written from the vendor's samples: none of its algorithms comes from the code under test.

export const SECRET_ID = 'AKIDlocalvodtest';
export const SECRET_KEY = 'a-secret-key-of-tests';

const cleanups: (() => void | Promise<void>)[] = [];

export function onceDone(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

/** To be called after each test: ends and removes what the test began. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vod-'));
  onceDone(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

export async function start(options: Partial<VodOptions> = {}): Promise<Vod> {
  const vod = await startVod({
    port: 0,
    dataDir: options.dataDir ?? temporaryDirectory(),
    secretId: SECRET_ID,
    secretKey: SECRET_KEY,
    callbackUrl: '',
    stepMs: 20,
    ...options,
  });
  onceDone(() => vod.stop());
  return vod;
}

/** The vendor's Node.js sample (266/10638), with a random that cannot overflow. */
export function sign(parameters: ParsedUrlQueryInput = {}, key = SECRET_KEY): string {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    secretId: SECRET_ID,
    currentTimeStamp: now,
    expireTime: now + 600,
    random: randomBytes(4).readUInt32BE(),
    ...parameters,
  };
  return signOriginal(stringify(all), key);
}

export function signOriginal(original: string, key = SECRET_KEY): string {
  const mac = createHmac('sha1', key).update(original, 'utf8').digest();
  return Buffer.concat([mac, Buffer.from(original, 'utf8')]).toString('base64');
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly host?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** A request whose Host header may name a service. */
export function sendRequest(
  port: number,
  { method = 'GET', host, path, headers, body }: RequestOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, agent: false, headers: { ...(host ? { host } : {}), ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode: status = 0, headers: responseHeaders } = response;
          resolve({ status, headers: responseHeaders, bytes, text: bytes.toString('utf8') });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface UgcResponse {
  readonly code: number;
  readonly message: string;
  readonly data: Applied & Committed;
}

export interface Applied {
  readonly video: { readonly storagePath: string };
  readonly cover: { readonly storagePath: string };
  readonly storageBucket: string;
  readonly storageAppId: number;
  readonly storageRegionV5: string;
  readonly vodSessionKey: string;
  readonly timestamp: number;
  readonly tempCertificate: {
    readonly secretId: string;
    readonly secretKey: string;
    readonly token: string;
    readonly expiredTime: number;
  };
  readonly cosRegionList: { readonly domain: string }[];
}

export interface Committed {
  readonly fileId: string;
  readonly video: { readonly url: string };
  readonly cover: { readonly url: string };
}

export interface Tc3 {
  readonly action: string;
  readonly body?: string;
  /** The body that is sent instead of the signed one. */
  readonly sent?: string;
  readonly time?: number;
  readonly late?: number;
  readonly date?: string;
  readonly service?: string;
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly version?: string;
  readonly signedHeaders?: string;
  readonly authorization?: string;
  readonly secretId?: string;
  readonly secretKey?: string;
}

/** The vendor's documented steps (api/266/31757), one line each. */
export function tc3(port: number, options: Tc3): Promise<HttpResponse> {
  const { action, body = '{}', service = 'vod', late = 0, path = '/', method = 'POST' } = options;
  const { secretId = SECRET_ID, secretKey = SECRET_KEY } = options;
  const time = (options.time ?? Date.now()) - late * 1000;
  const { host = `127.0.0.1:${port}`, version = '2018-07-17', signedHeaders = 'content-type;host' } = options;
  const timestamp = String(Math.floor(time / 1000));
  const date = options.date ?? new Date(time).toISOString().slice(0, 10);
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const lines = `content-type:application/json\n${signedHeaders.includes('host') ? `host:${host}\n` : ''}`;
  const request = `POST\n${path}\n\n${lines}\n${signedHeaders}\n${sha(body)}`;
  const scope = `${date}/${service}/tc3_request`;
  const key = hmac(hmac(hmac(`TC3${secretKey}`, date), service), 'tc3_request');
  const signature = hmac(key, `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha(request)}`).toString('hex');
  const authorization = `TC3-HMAC-SHA256 Credential=${secretId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return sendRequest(port, {
    method,
    host,
    path,
    body: options.sent ?? body,
    headers: {
      'content-type': 'application/json',
      'x-tc-action': action,
      'x-tc-version': version,
      'x-tc-timestamp': timestamp,
      authorization: options.authorization ?? authorization,
    },
  });
}

export type ApiClient = InstanceType<typeof sdk.v20180717.Client>;

/** The vendor's own SDK for the server API, unmodified. */
export function apiClient(port: number, credential = { secretId: SECRET_ID, secretKey: SECRET_KEY }): ApiClient {
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${port}` };
  return new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
}

/** Prepare, Apply or Commit, as the browser SDK sends it. */
export async function ugc(port: number, action: string, body: object, host = 'vod2.qcloud.com'): Promise<UgcResponse> {
  const { text } = await sendRequest(port, {
    method: 'POST',
    host,
    path: `/v3/index.php?Action=${action}UploadUGC`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return JSON.parse(text) as UgcResponse;
}

export const VIDEO = { videoName: 'holiday', videoType: 'mp4', videoSize: 3 };

export async function apply(port: number, signature = sign(), more: object = VIDEO): Promise<Applied> {
  const { code, message, data } = await ugc(port, 'Apply', { signature, ...more });
  if (code !== 0) throw new Error(`Apply returned ${code} ${message}`);
  return data;
}

/** COS's own example of its signature (436/7778): the query is signed, and of the headers those given. */
export function cosAuthorization(applied: Applied, options: RequestOptions): string {
  const { secretId, secretKey, expiredTime } = applied.tempCertificate;
  const [path = '', search = ''] = options.path.split('?');
  const parameters = [...new URLSearchParams(search)].map(
    ([name, value]) => [encodeURIComponent(name).toLowerCase(), encodeURIComponent(value)] as const,
  );
  const headers = Object.entries(options.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), encodeURIComponent(value)] as const,
  );
  const sorted = [parameters, headers].map((pairs) => pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  const [parameterNames, headerNames] = sorted.map((pairs) => pairs.map(([name]) => name).join(';'));
  const [parameterText, headerText] = sorted.map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
  const hmac = (key: string, text: string): string => createHmac('sha1', key).update(text).digest('hex');
  const time = `${applied.timestamp};${expiredTime}`;
  const http = `${(options.method ?? 'GET').toLowerCase()}\n${decodeURIComponent(path)}\n${parameterText ?? ''}\n${headerText ?? ''}\n`;
  const toSign = `sha1\n${time}\n${createHash('sha1').update(http).digest('hex')}\n`;
  return (
    `q-sign-algorithm=sha1&q-ak=${secretId}&q-sign-time=${time}&q-key-time=${time}&q-header-list=${headerNames ?? ''}` +
    `&q-url-param-list=${parameterNames ?? ''}&q-signature=${hmac(hmac(secretKey, time), toSign)}`
  );
}

/** A signed request to the storage of one upload. */
export function cos(port: number, applied: Applied, options: RequestOptions): Promise<HttpResponse> {
  return sendRequest(port, {
    host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
    ...options,
    headers: {
      ...options.headers,
      authorization: cosAuthorization(applied, options),
      'x-cos-security-token': applied.tempCertificate.token,
    },
  });
}

export const md5 = (bytes: Buffer | string): string => createHash('md5').update(bytes).digest('hex');

export const tag = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map((match) => match[1] ?? '');

export async function initiate(port: number, applied: Applied): Promise<string> {
  const { text } = await cos(port, applied, { method: 'POST', path: `${applied.video.storagePath}?uploads` });
  return tag(text, 'UploadId')[0] ?? '';
}

export function putPart(
  port: number,
  applied: Applied,
  uploadId: string,
  number: number,
  body: Buffer,
): Promise<HttpResponse> {
  const path = `${applied.video.storagePath}?partNumber=${number}&uploadId=${uploadId}`;
  return cos(port, applied, { method: 'PUT', path, body });
}

export function complete(port: number, applied: Applied, uploadId: string, etags: string[]): Promise<HttpResponse> {
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>&quot;${etag}&quot;</ETag></Part>`,
  );
  const body = `<?xml version="1.0"?><CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
  return cos(port, applied, { method: 'POST', path: `${applied.video.storagePath}?uploadId=${uploadId}`, body });
}

/** A whole upload by one PUT, with everything signed alike. */
export async function upload(
  port: number,
  parameters: ParsedUrlQueryInput = {},
  more: object = VIDEO,
): Promise<Committed> {
  const applied = await apply(port, sign(parameters), more);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  const { code, message, data } = await ugc(port, 'Commit', {
    signature: sign(parameters),
    vodSessionKey: applied.vodSessionKey,
  });
  if (code !== 0) throw new Error(`Commit returned ${code} ${message}`);
  return data;
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: PostedEvent;
}

/** The members of events that tests look at. Which of them are there is what they test. */
export interface PostedEvent {
  readonly EventType: string;
  readonly eventType: string;
  readonly Sign: string;
  readonly T: number;
  readonly FileUploadEvent: {
    readonly FileId: string;
    readonly ProcedureTaskId: string;
    readonly ReviewAudioVideoTaskId: string;
    readonly MediaBasicInfo: { readonly CreateTime: string; readonly SourceInfo: { readonly SourceContext: string } };
    readonly MetaData: object;
  };
  readonly ProcedureStateChangeEvent: {
    readonly Status: string;
    readonly MediaProcessResultSet: readonly {
      readonly TranscodeTask?: { readonly Status: string; readonly Output: { readonly Url: string } };
      readonly CoverBySnapshotTask?: { readonly Status: string; readonly Output: { readonly CoverUrl: string } };
    }[];
  };
  readonly ReviewAudioVideoCompleteEvent: { readonly TaskId: string; readonly Output: object };
  readonly FileDeleteEvent: { readonly FileDeleteResultInfo: readonly object[] };
  readonly data: { readonly procedureTaskId: string };
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Waits until `count` have been received, at most 20 seconds. */
  wait(count: number): Promise<Received[]>;
}

/** The first event of a type. Events are sent concurrently, so their order may differ. */
export function eventOf(received: readonly Received[], type: string): PostedEvent | undefined {
  return received.find(({ event }) => event.EventType === type)?.event;
}

/** Waits until a condition holds, at most 20 seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error('The condition did not hold within 20 s');
}

/** A webhook that records requests. It responds with the given status, or not at all. */
export async function receiver(statusOf: (index: number) => number | 'never' = () => 200): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const status = statusOf(received.length);
      received.push({ headers: incoming.headers, body, event: JSON.parse(body) as PostedEvent });
      if (status !== 'never') response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onceDone(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/vod-events?token=t`,
    received,
    async wait(count) {
      for (let waited = 0; received.length < count && waited < 20_000; waited += 20) await sleep(20);
      return received;
    },
  };
}
