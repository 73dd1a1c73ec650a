import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Upload } from '../../local/uploads';
import { cos, putPart, tag, type Applied } from './vod/vod-client';

// A client of a whole local run, over HTTP.

const MIB = 2 ** 20;
export const PARTS = [randomBytes(MIB), randomBytes(MIB), randomBytes(1000)];
export const WHOLE = Buffer.concat(PARTS);
export const FILE = { videoName: 'holiday', videoType: 'mp4', videoSize: WHOLE.length };

/** Where a local run is, in this process or in another one. */
export interface Stack {
  readonly url: string;
  readonly vodPort: number;
}

async function post<T>({ url }: Stack, path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} returned ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** 申请上传签名: requests a signature as an app does whose user is logged in. */
export async function requestSignature(stack: Stack, wish: object = {}, sub = 'user-42'): Promise<string> {
  const { token } = await post<{ token: string }>(stack, '/local/token', { sub });
  const headers = { authorization: `Bearer ${token}` };
  return (await post<{ signature: string }>(stack, '/upload-signature', wish, headers)).signature;
}

export async function rows({ url }: Stack): Promise<Upload[]> {
  return (await (await fetch(`${url}/local/uploads`)).json()) as Upload[];
}

const isConfirmed = ({ trust }: Upload) => trust === 'confirmed';

/** The row of a file as soon as it has the expected state: by default, VOD's own response. */
export async function row(stack: Stack, fileId: string, is: (row: Upload) => boolean = isConfirmed): Promise<Upload> {
  let found: Upload | undefined;
  for (let waited = 0; waited < 20_000; waited += 50) {
    found = (await rows(stack)).find((upload) => upload['fileId'] === fileId);
    if (found && is(found)) return found;
    await sleep(50);
  }
  throw new Error(`There is no such row of ${fileId}: ${JSON.stringify(found)}`);
}

export const hasStatus = (status: string) => (upload: Upload) => upload['status'] === status && isConfirmed(upload);

export async function stored(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

export async function putParts(
  port: number,
  applied: Applied,
  uploadId: string,
  numbers: readonly number[],
): Promise<void> {
  for (const number of numbers) {
    const { status } = await putPart(port, applied, uploadId, number, PARTS[number - 1] ?? Buffer.alloc(0));
    expect(status).toBe(200);
  }
}

export async function listed(port: number, applied: Applied, uploadId: string): Promise<number[]> {
  const { text } = await cos(port, applied, { path: `${applied.video.storagePath}?uploadId=${uploadId}` });
  return tag(text, 'PartNumber').map(Number);
}
