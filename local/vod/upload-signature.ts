import { createHmac, timingSafeEqual } from 'node:crypto';

// https://cloud.tencent.com/document/product/266/9221
// Written from that document alone, so that a mistake of the signer cannot agree with the same mistake here.

/** The secret key of each secret id; several while a key rotates. */
export type Keys = ReadonlyMap<string, string>;

/** What a valid signature says. An optional parameter that is absent or empty has its documented default. */
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

/** A refusal as the upload service words it. The hint is this VOD's own: the real one keeps the reason to itself. */
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
  new UploadError(10001, 'ugc upload | invalid request', hint);
const invalid = (hint: string): UploadError => new UploadError(10004, 'ugc upload | invalid signature', hint);

const LONGEST_VALIDITY = 7_776_000;
const MAC_LENGTH = 20;

const uint32 = (value: string): boolean => /^\d+$/.test(value) && Number(value) <= 0xffffffff;
const integer = (value: string): boolean => /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value));
const atMost = (length: number) => (value: string) => Array.from(value).length <= length;

const REQUIRED: Record<string, (value: string) => boolean> = {
  currentTimeStamp: uint32,
  expireTime: uint32,
  random: uint32,
};
const OPTIONAL: Record<string, (value: string) => boolean> = {
  classId: (value) => integer(value) && Number(value) >= 0,
  procedure: () => true,
  taskPriority: (value) => integer(value) && Math.abs(Number(value)) <= 10,
  taskNotifyMode: (value) => ['Finish', 'Change', 'None'].includes(value),
  sourceContext: atMost(250),
  oneTimeValid: (value) => value === '0' || value === '1',
  vodSubAppId: (value) => /^\d+$/.test(value),
  sessionContext: atMost(1000),
  storageRegion: (value) => /^[a-z0-9-]{1,40}$/.test(value),
};

/** Reads a signature and checks all of it but one thing: whether a one-time signature was used before. */
export function readSignature(signature: string, keys: Keys, now: number): UploadSignature {
  const bytes = Buffer.from(signature, 'base64');
  // Unused bits that are set would make other strings of the same signature, each of them valid once.
  if (bytes.toString('base64') !== signature) throw invalid('the signature is not standard Base64');
  const mac = bytes.subarray(0, MAC_LENGTH);
  const original = bytes.subarray(MAC_LENGTH);
  // Form decoding: official samples write a space both as "+" and as "%20".
  const parameters = new URLSearchParams(original.toString('utf8'));
  const text = (name: string): string => parameters.get(name) ?? '';

  const secretKey = keys.get(text('secretId'));
  if (secretKey === undefined) throw invalid('secretId is none of this VOD');
  const expected = createHmac('sha1', secretKey).update(original).digest();
  if (!timingSafeEqual(expected, mac)) throw invalid('the HMAC-SHA1 in front does not fit the rest and the key');

  for (const [name, fits] of Object.entries(REQUIRED)) {
    if (!fits(text(name))) throw invalid(`${name} is not an unsigned 32-bit decimal: "${text(name)}"`);
  }
  for (const [name, fits] of Object.entries(OPTIONAL)) {
    const value = text(name);
    if (value !== '' && !fits(value)) throw invalid(`${name} is out of bounds: "${value}"`);
  }
  const expireTime = Number(text('expireTime'));
  const validity = expireTime - Number(text('currentTimeStamp'));
  if (validity <= 0 || validity > LONGEST_VALIDITY)
    throw invalid(`valid for ${validity} s, not 1 to ${LONGEST_VALIDITY}`);
  if (expireTime < Math.floor(now / 1000)) {
    throw new UploadError(10010, 'ugc upload | signature expired', `expireTime ${expireTime} has passed`);
  }
  return {
    expireTime,
    oneTimeValid: text('oneTimeValid') === '1',
    classId: Number(text('classId')),
    procedure: text('procedure'),
    taskPriority: Number(text('taskPriority')),
    taskNotifyMode: text('taskNotifyMode') || 'Finish',
    sourceContext: text('sourceContext'),
    sessionContext: text('sessionContext'),
    storageRegion: text('storageRegion'),
  };
}
