import type { FromSchema } from 'json-schema-to-ts';

/** Longest lifetime of a signature, in seconds: 90 days (266/9221). */
export const MAX_VALIDITY = 7_776_000;

/** VOD accepts 250 characters of source context, in older documents 250 bytes: bytes satisfy both (266/9221). */
export const MAX_SOURCE_CONTEXT_BYTES = 250;

const seconds = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;
const natural = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const name = { type: 'string', minLength: 1, wellFormed: true } as const;

/** Every parameter of an upload signature with its bounds, in the order of VOD's table (266/9221). */
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

/** The properties that an app may set in `POST /upload-signature`; the deployment sets all others of a signature. */
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
    // Not signed: for limits on uploads, which the service checks before it signs.
    fileName: { type: 'string', minLength: 1, maxBytes: 1024, wellFormed: true },
    fileSize: natural,
  },
} as const;

/** VOD's file ids are strings of digits. */
export const FILE_ID_PATTERN = /^\d{1,40}$/;
const fileId = { type: 'string', pattern: FILE_ID_PATTERN.source } as const;

/**
 * The required fields of an event, in the names of format 3.0: a NewFileUpload or PullComplete (266/7830, 266/7831), a
 * FileDeleted (266/13434). All other fields are optional, and ignored where they have another type.
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
