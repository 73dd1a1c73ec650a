import type { MediaFile, Uploads } from './types';
import { createUploadsIn, type BaseOptions } from './uploads';
import { sendWithWxSdk, type MiniProgramFile, type VodWxSdk } from './wx-sdk';
import { createMiniProgramWorld } from './wx-world';

export { UploadError, type ErrorCode } from './errors';
export type { Messages } from './messages';
export type * from './types';
export type { MiniProgramFile } from './wx-sdk';

export interface MiniProgramOptions extends BaseOptions {
  /** `require('vod-wx-sdk-v2/vod-wx-sdk-v2')` after 构建 npm, which does not read `main`; with a bundler `require('vod-wx-sdk-v2')`. */
  readonly sdk: VodWxSdk;
  /** Passed on to the SDK, such as `chunkSize`. */
  readonly sdkOptions?: object;
}

/**
 * The client of a vod-client-upload backend in a WeChat mini program.
 *
 * @example
 * const sdk = require('vod-wx-sdk-v2/vod-wx-sdk-v2');
 * const uploads = createUploads({ url: 'https://api.example.com', token, sdk });
 * const { tempFiles } = await wx.chooseMedia({ mediaType: ['video'] });
 * const upload = uploads.upload(tempFiles[0], { sourceContext: 'order=7' });
 */
export function createUploads({ sdk, sdkOptions, ...options }: MiniProgramOptions): Uploads<MiniProgramFile> {
  const uploads = createUploadsIn<MediaFile & MiniProgramFile>(
    createMiniProgramWorld(),
    sendWithWxSdk(sdk, sdkOptions),
    options,
  );
  return {
    ...uploads,
    upload: (file, { cover, ...wish } = {}) =>
      uploads.upload(addName(file), { ...wish, ...(cover && { cover: addName(cover) }) }),
  };
}

function addName(file: MiniProgramFile): MediaFile & MiniProgramFile {
  return { ...file, name: file.name ?? file.tempFilePath.slice(file.tempFilePath.lastIndexOf('/') + 1) };
}
