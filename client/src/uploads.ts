import { createApi } from './api';
import { UploadError, type MakeError } from './errors';
import { en, type Messages } from './messages';
import { createQueue } from './queue';
import type { MediaFile, Token, Uploads } from './types';
import { createSessions } from './session';
import { createUpload } from './upload';
import type { StartTransfer, World } from './world';

export interface BaseOptions {
  /** Where the backend is, without a slash at the end. */
  readonly url: string;
  readonly token: Token;
  /** How many files are sent at the same time; default: 3. */
  readonly parallel?: number;
  /** Texts of errors; default: English. */
  readonly messages?: Messages;
}

/** The client in any world, over any of the vendor's SDKs. */
export function createUploadsIn<File extends MediaFile>(
  world: World,
  startTransfer: StartTransfer,
  { url, token, parallel = 3, messages = en }: BaseOptions,
): Uploads<File> {
  const makeError: MakeError = (code, details = {}) =>
    // A backend may be newer than this client.
    new UploadError(code, (messages as Partial<Messages>)[code] ?? messages['invalid-request'], details);
  const api = createApi(world, url, token, makeError);
  const queue = createQueue(parallel);
  const deps = { world, api, url, startTransfer, makeError, queue, openSession: createSessions(world) };
  const call = async <Value>(path: string, method?: string) => (await api.call(`/uploads${path}`, { method })) as Value;

  return {
    upload: (file, options = {}) => createUpload(deps, file, options),
    list(options = {}) {
      const pairs = Object.entries(options).map(([name, value]) =>
        value === undefined ? '' : `${name}=${encodeURIComponent(value as string)}`,
      );
      return call(`?${pairs.join('&')}`);
    },
    get: (fileId) => call(`/${fileId}`),
    delete: (fileId) => call(`/${fileId}`, 'DELETE'),
    playback: (fileId) => call(`/${fileId}/playback`),
  };
}
