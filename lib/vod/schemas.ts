import type { FromSchema } from 'json-schema-to-ts';

/** The longest that a signature may live, in seconds: 90 days (266/9221). */
export const MAX_VALIDITY = 7_776_000;

/** VOD takes 250 characters of source context, older documents say bytes: bytes are safe under both (266/9221). */
export const MAX_SOURCE_CONTEXT_BYTES = 250;

const seconds = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;
const natural = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const name = { type: 'string', minLength: 1, wellFormed: true } as const;

/** Every parameter of an upload signature with its bounds, in the order of the vendor's table (266/9221). */
const signatureParameters = {
  type: 'object',
  additionalProperties: false,
  required: ['secretId', 'currentTimeStamp', 'expireTime', 'random'],
  properties: {
    secretId: name,
    currentTimeStamp: seconds,
    expireTime: seconds,
    random: { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
    classId: natural,
    procedure: name,
    taskPriority: { type: 'integer', minimum: -10, maximum: 10 },
    taskNotifyMode: { enum: ['Finish', 'Change', 'None'] },
    sourceContext: { type: 'string', maxBytes: MAX_SOURCE_CONTEXT_BYTES, wellFormed: true },
    oneTimeValid: { enum: [0, 1] },
    vodSubAppId: natural,
    sessionContext: { type: 'string', maxLength: 1000, maxBytes: 2048, wellFormed: true },
    storageRegion: name,
  },
} as const;

const { classId, procedure, taskPriority, taskNotifyMode, sessionContext, storageRegion } =
  signatureParameters.properties;

/** What an app may ask of `POST /upload-signature`; everything else in a signature is the deployment's to decide. */
const signatureRequest = {
  type: 'object',
  additionalProperties: false,
  properties: {
    oneTimeValid: { enum: [true, false, 0, 1] },
    sourceContext: { type: 'string', wellFormed: true },
    procedure,
    taskPriority,
    taskNotifyMode,
    sessionContext,
    classId,
    storageRegion,
    validFor: seconds,
    // Not signed: they let the service refuse early what its limits will reject.
    fileName: { type: 'string', minLength: 1, maxBytes: 1024, wellFormed: true },
    fileSize: natural,
  },
} as const;

/** What VOD's file ids look like. */
const fileId = { type: 'string', pattern: '^\\d{1,40}$' } as const;

/**
 * What an event must have to become a row, in the words of format 3.0: a NewFileUpload or PullComplete (266/7830,
 * 266/7831), a FileDeleted (266/13434). Everything else is read where it has the expected type.
 */
const uploadEvent = { type: 'object', required: ['FileId'], properties: { FileId: fileId } } as const;
const deletionEvent = {
  type: 'object',
  required: ['FileIdSet'],
  properties: { FileIdSet: { type: 'array', minItems: 1, items: fileId } },
} as const;

/** The value of the parameter that holds the VOD key pair: one parameter, so that both halves rotate together. */
const keyPair = {
  type: 'object',
  required: ['secretId', 'secretKey'],
  properties: { secretId: name, secretKey: name },
} as const;

/** One entry for each file of `lib/generated`. */
export const schemas = {
  signature: { signatureParameters, signatureRequest, keyPair },
  events: { uploadEvent, deletionEvent },
} as const;

export type SignatureParameters = FromSchema<typeof signatureParameters>;
export type SignatureRequest = FromSchema<typeof signatureRequest>;
export type KeyPair = FromSchema<typeof keyPair>;
