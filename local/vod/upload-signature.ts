import { createHmac, timingSafeEqual } from 'node:crypto';

// https://cloud.tencent.com/document/product/266/9221
// Written from that document and independent of lib/, so that the same mistake is not made on both sides.

/** The secret key of each secret id; several while a key rotates. */
export type Keys = ReadonlyMap<string, string>;

/** The parameters of a valid signature. An optional one that is absent or empty has its documented default. */
export interface UploadSignature {
  readonly expireTime: number;
  readonly oneTimeValid: boolean;
  readonly classId: number;
  readonly procedure: string;
  readonly taskPriority: number;
  readonly taskNotifyMode: string;
  readonly sourceContext: string;
  readonly sessionContext: string;
  readonly storageRegion: string;
}

/** A refusal of the upload service. The message ends with the reason, and so does `hint`: VOD itself does not return it. */
export class UploadError extends Error {
  override readonly name = 'UploadError';

  constructor(
    readonly code: number,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export const invalidRequest = (hint: string): UploadError =>
  new UploadError(10001, `ugc upload | invalid request: ${hint}`, hint);
const invalid = (hint: string): UploadError => new UploadError(10004, 'ugc upload | invalid signature', hint);

const MAX_VALIDITY_SECONDS = 7_776_000;
const MAC_LENGTH = 20;

const isUint32 = (value: string): boolean => /^\d+$/.test(value) && Number(value) <= 0xffffffff;
const isInteger = (value: string): boolean => /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value));
const hasAtMost = (length: number) => (value: string) => Array.from(value).length <= length;

const REQUIRED: Record<string, (value: string) => boolean> = {
  currentTimeStamp: isUint32,
  expireTime: isUint32,
  random: isUint32,
};
const OPTIONAL: Record<string, (value: string) => boolean> = {
  classId: (value) => isInteger(value) && Number(value) >= 0,
  procedure: () => true,
  taskPriority: (value) => isInteger(value) && Math.abs(Number(value)) <= 10,
  taskNotifyMode: (value) => ['Finish', 'Change', 'None'].includes(value),
  sourceContext: hasAtMost(250),
  oneTimeValid: (value) => value === '0' || value === '1',
  vodSubAppId: (value) => /^\d+$/.test(value),
  sessionContext: hasAtMost(1000),
  storageRegion: (value) => /^[a-z0-9-]{1,40}$/.test(value),
};

/** The parameters that are checked. Others are ignored. */
export const SIGNATURE_PARAMETERS: readonly string[] = ['secretId', ...Object.keys(REQUIRED), ...Object.keys(OPTIONAL)];

/** Reads and verifies a signature, except whether a one-time signature was used before. Throws an UploadError. */
export function readSignature(signature: string, keys: Keys, now: number): UploadSignature {
  const bytes = Buffer.from(signature, 'base64');
  // With unused bits set, the same one-time signature could be written as several strings, each valid once.
  if (bytes.toString('base64') !== signature) throw invalid('the signature is not standard Base64');
  const mac = bytes.subarray(0, MAC_LENGTH);
  const original = bytes.subarray(MAC_LENGTH);
  // Form decoding: official samples write a space both as "+" and as "%20".
  const parameters = new URLSearchParams(original.toString('utf8'));
  const getString = (name: string): string => parameters.get(name) ?? '';

  const secretKey = keys.get(getString('secretId'));
  if (secretKey === undefined) throw invalid('secretId is unknown');
  const expected = createHmac('sha1', secretKey).update(original).digest();
  if (!timingSafeEqual(expected, mac))
    throw invalid('the HMAC-SHA1 at the beginning does not match the parameters and the secret key');

  for (const [name, isValid] of Object.entries(REQUIRED)) {
    if (!isValid(getString(name))) throw invalid(`${name} is not an unsigned 32-bit decimal: "${getString(name)}"`);
  }
  for (const [name, isValid] of Object.entries(OPTIONAL)) {
    const value = getString(name);
    if (value !== '' && !isValid(value)) throw invalid(`${name} is out of bounds: "${value}"`);
  }
  const expireTime = Number(getString('expireTime'));
  const validity = expireTime - Number(getString('currentTimeStamp'));
  if (validity <= 0 || validity > MAX_VALIDITY_SECONDS)
    throw invalid(`the validity is ${validity} s, must be from 1 to ${MAX_VALIDITY_SECONDS} s`);
  if (expireTime < Math.floor(now / 1000)) {
    throw new UploadError(10010, 'ugc upload | signature expired', `expireTime ${expireTime} has passed`);
  }
  return {
    expireTime,
    oneTimeValid: getString('oneTimeValid') === '1',
    classId: Number(getString('classId')),
    procedure: getString('procedure'),
    taskPriority: Number(getString('taskPriority')),
    taskNotifyMode: getString('taskNotifyMode') || 'Finish',
    sourceContext: getString('sourceContext'),
    sessionContext: getString('sessionContext'),
    storageRegion: getString('storageRegion'),
  };
}
