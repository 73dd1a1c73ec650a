import type { ErrorCode } from './errors';

/** For each code: what happened, and what to do. */
export type Messages = Readonly<Record<ErrorCode, readonly [message: string, advice: string]>>;

const LOG_IN = 'Log in again, then retry.';
const RETRY = 'Retry later.';
const CHANGE = 'Choose another file.';
const AGAIN = 'Upload it again.';

export const en: Messages = {
  cancelled: ['The upload was cancelled', AGAIN],
  network: ['The connection failed', RETRY],
  timeout: ['No final status in a day', RETRY],
  token: ['The login failed', LOG_IN],
  'user-changed': ['The user changed', AGAIN],
  unauthorized: ['The login has expired', LOG_IN],
  forbidden: ['This is not allowed', LOG_IN],
  'invalid-request': ['The request is not valid', CHANGE],
  'too-large': ['The request is too large', CHANGE],
  'not-found': ['The upload does not exist', AGAIN],
  conflict: ['The status does not allow this', RETRY],
  'too-many-requests': ['The limit is reached', RETRY],
  unavailable: ['The service is unavailable', RETRY],
  sdk: ['The SDK failed to load', RETRY],
  file: ['The file cannot be uploaded', CHANGE],
  signature: ['VOD refused the signature', RETRY],
  refused: ['VOD refused the upload', CHANGE],
  storage: ['The storage refused the file', RETRY],
  deleted: ['The file was deleted', AGAIN],
};
