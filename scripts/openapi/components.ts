import type { Recorded } from '../../lib/events/ingest';
import { problems } from '../../lib/platform/http';
import { schemas, type SignatureRequest } from '../../lib/vod/schemas';
import { notificationSchema } from './notifications';
import { ref } from './responses';
import type { Schema } from './schema';
import { playbackSchema, uploadListSchema, uploadSchema } from './upload';

const { signatureRequest } = schemas.signature;
const { uploadEvent, deletionEvent } = schemas.events;

/**
 * A schema in standard keywords only: a character has at least one byte, and JSON that is sent in UTF-8 has no lone
 * surrogates.
 */
function standardSchema({ maxBytes, wellFormed: _, ...schema }: Schema): Schema {
  return typeof maxBytes === 'number' && schema['maxLength'] === undefined
    ? { ...schema, maxLength: maxBytes }
    : schema;
}

const requestDescriptions: Record<keyof SignatureRequest, string> = {
  oneTimeValid: 'Whether VOD accepts the signature for one upload only. VOD itself writes 0 and 1.',
  sourceContext:
    'Your own text, which comes back in the row unchanged. It shares 250 bytes with the caller; a text that does not fit is refused with the number of bytes that it may have.',
  procedure: "The task flow that VOD runs after the upload. It must be on the deployment's list.",
  taskPriority: 'Priority of the task flow; only with a procedure.',
  taskNotifyMode: 'When VOD sends events of the task flow; only with a procedure.',
  sessionContext: "Text of at most 2048 bytes that is passed through to the procedure's events.",
  classId: 'VOD’s category. A deployment may allow some only.',
  storageRegion: 'Where VOD stores the file. A deployment may allow some regions only.',
  fileName: 'The file that will be uploaded. Not signed: the service refuses early what its limits would reject.',
  fileSize: 'Its size in bytes; as fileName.',
  validFor: 'How long the signature is valid, in seconds; at most what the deployment allows.',
};

const outcomes: Record<Exclude<Recorded['outcome'], 'write-failed'>, string> = {
  recorded: 'a row was written, and the service will ask VOD about it',
  repeated: 'the row contains it already, nothing was written',
  ignored: 'the event is about no row',
};

function describeProperties(
  properties: Readonly<Record<string, Schema>>,
  descriptions: Readonly<Record<string, string>>,
) {
  const described = Object.entries(properties).map(([name, property]) => [
    name,
    { ...standardSchema(property), description: descriptions[name] },
  ]);
  return Object.fromEntries(described) as Record<string, Schema>;
}

/** An event of format 3.0 of this type must have, under this name, what the schema requires. */
const payloadOf = (eventType: string, payload: string, schema: object) => ({
  if: { properties: { EventType: { const: eventType } } },
  then: { required: [payload], properties: { [payload]: schema } },
});

/** A pull that failed has no file: it is ignored. */
const orFailed = (schema: object) => ({
  anyOf: [
    schema,
    { type: 'object', required: ['Status'], properties: { Status: { const: 'FAIL' } } },
    { type: 'object', required: ['ErrCode'], properties: { ErrCode: { type: 'number', not: { const: 0 } } } },
  ],
});

/** The function drops unusable ids before it validates the rest. */
function deletedFiles({ items, ...schema }: (typeof deletionEvent)['properties']['FileIdSet']) {
  return { ...schema, contains: items };
}

export const components = {
  securitySchemes: {
    appUser: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'A token of the deployment’s issuer (`JWT_ISSUER`) for its audience (`JWT_AUDIENCE`), signed with RS256, RS384 or RS512.',
    },
    callbackToken: {
      type: 'apiKey',
      in: 'query',
      name: 'token',
      description: 'The callback token, in the URL that VOD was given.',
    },
    callbackSign: {
      type: 'apiKey',
      in: 'query',
      name: 'Sign',
      description:
        'MD5 of the SignKey and T, in hexadecimal. Read together with T from the message, else from the query, else from the headers: VOD does not document where it puts them.',
    },
  },
  schemas: {
    SignatureRequest: {
      ...signatureRequest,
      description: 'What an app may ask of a signature. Every property is optional.',
      properties: describeProperties(signatureRequest.properties, requestDescriptions),
    },
    Signed: {
      type: 'object',
      additionalProperties: false,
      required: ['signature', 'expireTime', 'oneTimeValid'],
      properties: {
        signature: {
          type: 'string',
          contentEncoding: 'base64',
          description: 'What the SDKs call `signature` (266/9221).',
        },
        expireTime: { type: 'integer', description: 'When it expires, in seconds since 1970.' },
        oneTimeValid: { type: 'boolean', description: 'Whether VOD accepts it for one upload only.' },
      },
    },
    Upload: uploadSchema,
    UploadList: uploadListSchema,
    Playback: playbackSchema,
    VodEvent: {
      type: 'object',
      description:
        'An event notification of VOD (266/33779), with what it must contain; everything else in it is read where it has the expected type. Events of other types, failed pulls and tasks of no VOD file are ignored with 200.',
      anyOf: [
        { required: ['EventType'], properties: { EventType: { type: 'string', minLength: 1 } } },
        {
          required: ['eventType', 'data'],
          properties: {
            eventType: { type: 'string', minLength: 1 },
            data: { type: 'object' },
          },
        },
      ],
      properties: {
        Sign: { type: 'string', description: 'MD5 of the SignKey and T, where the deployment has a SignKey.' },
        T: {
          type: ['integer', 'string'],
          description: 'When Sign expires, in seconds since 1970: at most 15 minutes ahead.',
        },
      },
      dependentSchemas: {
        EventType: {
          allOf: [
            payloadOf('NewFileUpload', 'FileUploadEvent', ref('schemas', 'UploadEvent')),
            payloadOf('PullComplete', 'PullCompleteEvent', orFailed(ref('schemas', 'UploadEvent'))),
            payloadOf('FileDeleted', 'FileDeleteEvent', ref('schemas', 'DeletionEvent')),
          ],
        },
      },
    },
    UploadEvent: {
      ...uploadEvent,
      description: 'What a NewFileUpload or a PullComplete must contain (266/7830, 266/7831).',
    },
    DeletionEvent: {
      ...deletionEvent,
      description: 'What a FileDeleted must contain (266/13434): one usable file id at least, others are ignored.',
      properties: { FileIdSet: deletedFiles(deletionEvent.properties.FileIdSet) },
    },
    EventOutcome: {
      type: 'object',
      additionalProperties: false,
      required: ['outcome'],
      properties: {
        outcome: {
          enum: Object.keys(outcomes),
          description: Object.entries(outcomes)
            .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
            .join('; '),
        },
      },
    },
    Notification: notificationSchema,
    Problem: {
      type: 'object',
      description: 'RFC 9457. It never contains a secret or a value that the caller sent.',
      additionalProperties: false,
      required: ['type', 'title', 'status', 'detail'],
      properties: {
        type: {
          enum: [...Object.keys(problems).map((code) => `urn:vod-client-upload:problem:${code}`), 'about:blank'],
        },
        title: { type: 'string' },
        status: { enum: [...Object.values(problems).map(([status]) => status), 500] },
        detail: { type: 'string', description: 'What is wrong, and what would be right.' },
        errors: {
          type: 'array',
          minItems: 1,
          maxItems: 20,
          description: 'What is wrong with single properties.',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['path', 'message'],
            properties: {
              path: {
                type: 'string',
                pattern: '^(/([^/~]|~[01])*)*$',
                description: 'A JSON pointer into the body, or `/` and a query parameter, or `/status` of the upload.',
              },
              message: { type: 'string' },
            },
          },
        },
      },
    },
    GatewayMessage: {
      type: 'object',
      description: 'What API Gateway returns by itself, without the function.',
      required: ['message'],
      properties: { message: { type: ['string', 'null'] } },
    },
  },
};
