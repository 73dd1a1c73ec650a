import type { HttpRequest, HttpResponse } from '../../../client/src/world';
import { createUploadsIn, type BaseOptions } from '../../../client/src/uploads';
import { sendWithWebSdk, type TcVod } from '../../../client/src/web-sdk';
import { createModelSdk } from './model-sdk';
import { ModelVod, tokenOf, type ModelFile } from './model-vod';
import { createVirtualWorld } from './virtual-world';

export interface SentRequest extends HttpRequest {
  readonly url: string;
  readonly at: number;
}

/** The core over the model of VOD and of the vendor's SDK, in a world where time is virtual. */
export function createModelClient(options: Partial<BaseOptions> = {}) {
  const requests: SentRequest[] = [];
  const planned: HttpResponse[] = [];
  const world = createVirtualWorld((url, request) => {
    requests.push({ ...request, url, at: world.now() });
    const response = planned.shift();
    return response ? Promise.resolve(response) : vod.request(url, request);
  });
  const vod: ModelVod = new ModelVod(() => world.now());
  const sdk = createModelSdk({
    vod,
    sleep: world.sleep,
    onSend: () => undefined,
  }) as unknown as TcVod;
  const uploads = createUploadsIn<ModelFile>(
    world,
    sendWithWebSdk(() => Promise.resolve(sdk)),
    { url: 'https://api.example', token: () => tokenOf('alice'), ...options },
  );
  return {
    world,
    vod,
    uploads,
    requests,
    /** The response of the next request to the backend. */
    plan: (status: number, body: object, headers: Record<string, string> = {}) => {
      planned.push({ status, body, header: (name) => headers[name] });
    },
    signed: () => requests.filter(({ url }) => url.endsWith('/upload-signature')),
    polls: () => requests.filter(({ url }) => url.includes('/uploads/')),
  };
}

let tags = 0;

/** A file of four parts. */
export function modelFile(name = 'video.mp4', size = 350): ModelFile {
  tags += 1;
  return { name, size, lastModified: 1, content: name, tag: tags };
}

/** How a promise has ended so far. */
export function track<Value>(promise: Promise<Value>) {
  const tracked: { value?: Value; error?: unknown } = {};
  promise.then(
    (value) => (tracked.value = value),
    (error: unknown) => (tracked.error = error),
  );
  return tracked;
}
