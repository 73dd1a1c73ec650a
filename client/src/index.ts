import { createBrowserWorld } from './browser';
import type { Uploads } from './types';
import { createUploadsIn, type BaseOptions } from './uploads';
import { sendWithWebSdk, type TcVod } from './web-sdk';

export { UploadError, type ErrorCode } from './errors';
export type { Messages } from './messages';
export type * from './types';

export interface UploadsOptions extends BaseOptions {
  /** The vendor's SDK, however it was imported, or a promise of it; default: `import('vod-js-sdk-v6')` at the first upload. */
  readonly sdk?: unknown;
  /** Passed on to the SDK, such as `chunkSize`, `chunkParallelLimit` or `allowReport`. */
  readonly sdkOptions?: object;
}

/**
 * The client of a vod-client-upload backend in a browser. It may be created on a server too, where it does nothing.
 *
 * @example
 * const uploads = createUploads({ url: 'https://api.example.com', token: () => session.getToken() });
 * const upload = uploads.upload(file, { sourceContext: 'order=7' });
 * const { fileId } = await upload.uploaded;
 */
export function createUploads({ sdk, sdkOptions, ...options }: UploadsOptions): Uploads {
  const load = () => Promise.resolve(sdk ?? importSdk()).then(findClass);
  return createUploadsIn(createBrowserWorld(), sendWithWebSdk(load, sdkOptions), options);
}

/** The handler of the rejection tells bundlers that the package may be missing. */
function importSdk(): Promise<unknown> {
  return import('vod-js-sdk-v6').catch((error: unknown) => {
    throw error;
  });
}

/** Bundlers import a CommonJS module in different ways: as the class, or as objects with a `default` around it. */
function findClass(sdk: unknown): TcVod {
  let detected = sdk;
  while (typeof detected === 'object') detected = (detected as { default?: unknown }).default;
  if (!detected) throw new TypeError('no class');
  return detected as TcVod;
}
