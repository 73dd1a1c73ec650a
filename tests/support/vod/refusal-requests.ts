import { sendRequest, cos, md5, tag, tc3, ugc, type Applied, type RequestOptions, type Tc3 } from './vod-client';

// Requests that the local VOD refuses. Each returns the reason in the response.

/** The servers and files that the requests use. */
export interface World {
  readonly port: number;
  /** A VOD with Key hotlink protection and without player key. */
  readonly lockedPort: number;
  /** A VOD whose account has applications, with both keys of playback. */
  readonly subAppPort: number;
  /** Of a file that was uploaded. */
  readonly fileId: string;
  readonly path: string;
  readonly forbiddenPath: string;
  /** A file of 100 s without bytes. */
  readonly emptyId: string;
  readonly emptyPath: string;
  readonly originalDeletedId: string;
  /** Sessions before Commit, and one that is not of this VOD. */
  readonly applied: Applied;
  readonly other: Applied;
  readonly foreign: Applied;
  readonly uploadId: string;
  /** A psign of `fileId`, with other claims or another key. */
  readonly psign: (changed?: object, key?: string) => Promise<string>;
}

export type RefusalCase = readonly [title: string, refuse: (world: World) => Promise<string>];

export async function upload(port: number, action: string, body: object): Promise<string> {
  return (await ugc(port, action, body)).message;
}

export async function api(port: number, options: Tc3 | string, parameters: object = {}): Promise<string> {
  const request = typeof options === 'string' ? { action: options, body: JSON.stringify(parameters) } : options;
  const { text } = await tc3(port, request);
  return (JSON.parse(text) as { Response: { Error: { Message: string } } }).Response.Error.Message;
}

export async function storage(world: World, options: RequestOptions, applied = world.applied): Promise<string> {
  return messageOf((await cos(world.port, applied, options)).text);
}

export async function unsigned(
  world: World,
  headers: Record<string, string>,
  host = 'local-vod-1250000001',
): Promise<string> {
  const options = { host: `${host}.cos.ap-chongqing.myqcloud.com`, path: world.applied.video.storagePath, headers };
  return messageOf((await sendRequest(world.port, options)).text);
}

function messageOf(xml: string): string {
  const [message = ''] = tag(xml, 'Message');
  return message.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

export async function plain(port: number, options: RequestOptions): Promise<string> {
  const { text } = await sendRequest(port, options);
  return text.startsWith('{') ? (JSON.parse(text) as { message: string }).message : text.trim();
}

export const local = ({ port }: World, path: string, body: unknown, method = 'POST') =>
  plain(port, { method, path: `/local/${path}`, body: typeof body === 'string' ? body : JSON.stringify(body) });

interface PlayOptions {
  readonly fileId?: string;
  readonly appId?: string;
  readonly port?: number;
}

export async function play(world: World, psign: string | Promise<string>, options: PlayOptions = {}): Promise<string> {
  const { fileId = world.fileId, appId = '1500000001', port = world.port } = options;
  const path = `/getplayinfo/v4/${appId}/${fileId}?psign=${await psign}`;
  return plain(port, { host: 'playvideo.qcloud.com', path });
}

export const withPath = ({ applied }: World, query: string) => `${applied.video.storagePath}?${query}`;
export const MIB = 2 ** 20;

/** The parts of `uploadId`: the first one is too small to be followed by another. */
export const PARTS = [Buffer.from('abc'), Buffer.alloc(MIB, 'abc')] as const;
const ETAGS = PARTS.map(md5);

export function listOf(...numbers: readonly number[]): string {
  const parts = numbers.map(
    (number) => `<Part><PartNumber>${number}</PartNumber><ETag>${ETAGS[number - 1] ?? '0'.repeat(32)}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
}

export function completeWith(world: World, body: string): Promise<string> {
  return storage(world, { method: 'POST', path: withPath(world, `uploadId=${world.uploadId}`), body });
}
