// Writes docs/openapi.json of the schemas that the functions validate with. `npm run generate` does; the tests fail when
// it is out of date.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../lib/platform/errors';
import type { Recorded } from '../lib/events/ingest';
import { problems } from '../lib/platform/http';
import { schemas, type SignatureRequest } from '../lib/vod/schemas';

type Schema = Readonly<Record<string, unknown>>;
type Examples = Readonly<Record<string, { readonly value: unknown }>>;

const { signatureRequest } = schemas.signature;
const { fileEvent, filesEvent } = schemas.events;

/**
 * A schema in the keywords that everybody knows: bytes are at least characters, and JSON that is sent in UTF-8 has no lone
 * surrogates.
 */
function plain(schema: Schema): Schema {
  const { maxBytes } = schema;
  const known = Object.entries(schema).filter(([keyword]) => keyword !== 'maxBytes' && keyword !== 'wellFormed');
  return { ...Object.fromEntries(known), ...(typeof maxBytes === 'number' && { maxLength: maxBytes }) };
}

const request: Record<keyof SignatureRequest, string> = {
  oneTimeValid: 'Whether VOD takes the signature for one upload only. 0 and 1 are as VOD spells it.',
  sourceContext:
    'Your own text, which comes back in the row as it was. It shares 250 bytes with the caller; a text that does not fit is refused with the number of bytes that it may have.',
  procedure: "The task flow that VOD runs after the upload. It must be on the deployment's list.",
  taskPriority: 'Of the task flow; only with a procedure.',
  taskNotifyMode: 'When VOD notifies of the task flow; only with a procedure.',
  sessionContext: "Text that is handed through to the procedure's events.",
  classId: 'VOD’s category. A deployment may have a list of those that are allowed.',
  storageRegion: 'Where VOD stores the file. A deployment may have a list of those that are allowed.',
  validFor: 'Seconds that the signature lives, at most what the deployment allows.',
};

const outcomes: Record<Exclude<Recorded['outcome'], 'write-failed'>, string> = {
  recorded: 'the row says it now',
  repeated: 'the row said so already',
  contradicted: 'an earlier event says otherwise, see `claims` in the row',
  ignored: 'nothing that becomes a row',
};

const described = (schema: Schema, descriptions: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(schema).map(([name, member]) => [
      name,
      { ...plain(member as Schema), description: descriptions[name] },
    ]),
  );

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
const json = (schema: object, examples: Examples) => ({ 'application/json': { schema, examples } });
const gateway = (message: string) => json(ref('schemas', 'GatewayMessage'), { gateway: { value: { message } } });
const cacheControl = { 'cache-control': { description: 'Never cached.', schema: { const: 'no-store' } } };

function problem(code: ErrorCode, description: string, detail: string, more: object = {}) {
  const [status, title] = problems[code];
  const value = { type: `urn:vod-client-upload:problem:${code}`, title, status, detail, ...more };
  return {
    description,
    headers: cacheControl,
    content: { 'application/problem+json': { schema: ref('schemas', 'Problem'), examples: { [code]: { value } } } },
  };
}

/** An answer that the gateway may give in place of the function, in its own shape. */
function orGateway<Response extends { readonly content: object }>(response: Response, message: string): Response {
  return { ...response, content: { ...response.content, ...gateway(message) } };
}

const serviceFailed = {
  description:
    'The function failed, and says under which request its log has the cause; or the gateway says that it crashed.',
  headers: cacheControl,
  content: {
    'application/problem+json': {
      schema: ref('schemas', 'Problem'),
      examples: {
        failed: {
          value: {
            type: 'about:blank',
            title: 'The service failed',
            status: 500,
            detail:
              'Try again; the operator finds the cause in the log under request 8f5a1c1e-2b5e-4a57-9c55-0a3a7f0b6a11',
          },
        },
      },
    },
    ...gateway('Internal Server Error'),
  },
};

const notNow = { description: 'The gateway reaches no function.', content: gateway('Service Unavailable') };

/** An event of format 3.0 that is kept has, under this name, what the schema demands. */
const kept = (eventType: string, payload: string, schema: string) => ({
  if: { properties: { EventType: { const: eventType } } },
  then: { required: [payload], properties: { [payload]: ref('schemas', schema) } },
});

/** VOD writes an empty text, or null, for a task that there is not. */
const orNone = ({ minLength, ...schema }: Schema) => ({
  ...plain(schema),
  type: minLength === undefined ? schema['type'] : ['string', 'null'],
});

const paths = {
  '/upload-signature': {
    post: {
      operationId: 'signUpload',
      tags: ['app'],
      summary: 'Sign an upload',
      description:
        'Answers a signature that lets the caller of the token upload straight to VOD. The token needs a `sub` of 1 to 128 bytes: it is sealed into the signature, and stands in the row as `uploader`.',
      security: [{ appUser: [] }],
      requestBody: {
        description: 'May be absent. At most 16 KiB; unknown members are refused.',
        required: false,
        content: json(ref('schemas', 'SignatureRequest'), {
          order: { value: { sourceContext: 'order=7', oneTimeValid: true } },
          procedure: { value: { procedure: 'LongVideoPreset', taskNotifyMode: 'Finish', validFor: 3600 } },
        }),
      },
      responses: {
        200: {
          description: 'The signature, for the vendor’s SDKs as it is.',
          headers: cacheControl,
          content: json(ref('schemas', 'Signed'), {
            signed: {
              value: {
                signature:
                  'h0dmnjTBj4ENkwh5Sp5MYYGzUKdzZWNyZXRJZD1BS0lEZXhhbXBsZSZjdXJyZW50VGltZVN0YW1wPTE3OTUzNTAwMDA=',
                expireTime: 1_795_351_800,
                oneTimeValid: true,
              },
            },
          }),
        },
        400: problem(
          'invalid-request',
          'The body does not fit the schema, or the deployment’s policy refuses it.',
          'Cannot sign upload: the policy of this service refuses it',
          { errors: [{ path: '/validFor', message: 'must be at most 86400 seconds here' }] },
        ),
        401: { description: 'The gateway does not accept the token.', content: gateway('Unauthorized') },
        403: problem(
          'forbidden',
          'The token does not say who uploads.',
          'Cannot sign upload: the token needs a claim "sub" of 1 to 128 bytes, which says who uploads',
        ),
        413: orGateway(
          problem('too-large', 'The body is too large.', 'Cannot read request: the body has over 16384 bytes'),
          'Request Entity Too Large',
        ),
        429: orGateway(
          {
            ...problem(
              'too-many-requests',
              'This caller asks too often, where the deployment limits that; or the gateway is asked more often than 50 times a second, and says so in its own shape, without Retry-After.',
              'Cannot sign upload: this caller has asked too often, ask again in 6 s',
            ),
            headers: {
              ...cacheControl,
              'retry-after': {
                description: 'Whole seconds until this caller gets a signature again.',
                schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
                example: '6',
              },
            },
          },
          'Too Many Requests',
        ),
        500: serviceFailed,
        503: notNow,
      },
    },
  },
  '/vod-events': {
    post: {
      operationId: 'recordEvent',
      tags: ['vod'],
      summary: 'Record an event of VOD’s',
      description:
        'VOD calls it, in format 3.0 or 2.0. Not there when a deployment pulls its events. Which of the token and the Sign have to be right is up to the deployment: one of them at least, and where both are configured, both.',
      security: [{ callbackToken: [] }, { callbackSign: [] }, { callbackToken: [], callbackSign: [] }],
      parameters: [
        {
          name: 'T',
          in: 'query',
          description:
            'Until when the Sign is valid, where neither the message nor the query brought it: see `VodEvent`.',
          schema: { type: 'string', pattern: '^[0-9]{1,12}$' },
          example: '1795350600',
        },
      ],
      requestBody: {
        description: 'JSON in UTF-8, whatever its Content-Type, of at most 1 MiB.',
        required: true,
        content: json(ref('schemas', 'VodEvent'), {
          upload: {
            value: {
              EventType: 'NewFileUpload',
              FileUploadEvent: {
                FileId: '5285890784273533167',
                MediaBasicInfo: {
                  Name: 'cat',
                  Type: 'mp4',
                  MediaUrl: 'http://1500000001.vod2.myqcloud.com/cat.mp4',
                  SourceInfo: { SourceType: 'Upload', SourceContext: '' },
                },
                ProcedureTaskId: '',
              },
            },
          },
          'format-2.0': {
            value: { version: '4.0', eventType: 'NewFileUpload', data: { fileId: '5285890784273533167' } },
          },
          deleted: { value: { EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: ['5285890784273533167'] } } },
        }),
      },
      responses: {
        200: {
          description: 'The event is in the table, or is none that becomes a row.',
          headers: cacheControl,
          content: json(ref('schemas', 'EventOutcome'), { recorded: { value: { outcome: 'recorded' } } }),
        },
        400: problem(
          'invalid-request',
          'Not JSON, no event type, or an event that would be kept and does not say of which file.',
          'Cannot read event: it does not fit the schema',
          { errors: [{ path: '/FileUploadEvent', message: "must have required property 'FileId'" }] },
        ),
        401: problem(
          'unauthorized',
          'The token, or the Sign, is missing, wrong or past.',
          'Cannot accept event: the URL needs ?token= with the callback token',
        ),
        413: orGateway(
          problem('too-large', 'The body is too large.', 'Cannot read request: the body has over 1048576 bytes'),
          'Request Entity Too Large',
        ),
        500: serviceFailed,
        503: notNow,
      },
    },
  },
};

const components = {
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
        'MD5 of the SignKey and T, in hexadecimal. Read together with T from the message, else from the query, else from the headers, for VOD does not say where it puts them.',
    },
  },
  schemas: {
    SignatureRequest: {
      ...signatureRequest,
      description: 'What an app may ask of a signature. Every member is optional.',
      properties: described(signatureRequest.properties, request),
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
        oneTimeValid: { type: 'boolean', description: 'Whether VOD takes it for one upload only.' },
      },
    },
    VodEvent: {
      type: 'object',
      description:
        'An event notification of VOD’s (266/33779), with what it must have to be kept; everything else in it is read where it has the expected type. Events of other types are answered 200 and leave no row.',
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
        Sign: { type: 'string', description: 'Where the deployment has a SignKey: MD5 of it and T.' },
        T: { type: ['integer', 'string'], description: 'Until when Sign is valid, in seconds since 1970.' },
      },
      dependentSchemas: {
        EventType: {
          allOf: [
            kept('NewFileUpload', 'FileUploadEvent', 'FileEvent'),
            kept('ProcedureStateChanged', 'ProcedureStateChangeEvent', 'FileEvent'),
            kept('FileDeleted', 'FileDeleteEvent', 'FilesEvent'),
          ],
        },
      },
    },
    FileEvent: {
      ...fileEvent,
      properties: {
        FileId: plain(fileEvent.properties.FileId),
        TaskId: orNone(fileEvent.properties.TaskId),
        ProcedureTaskId: orNone(fileEvent.properties.ProcedureTaskId),
      },
    },
    FilesEvent: {
      ...filesEvent,
      properties: {
        FileIdSet: { ...filesEvent.properties.FileIdSet, items: plain(filesEvent.properties.FileIdSet.items) },
      },
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
    Problem: {
      type: 'object',
      description: 'RFC 9457. Never a secret, and never what the caller sent.',
      additionalProperties: false,
      required: ['type', 'title', 'status', 'detail'],
      properties: {
        type: {
          enum: [...Object.keys(problems).map((code) => `urn:vod-client-upload:problem:${code}`), 'about:blank'],
        },
        title: { type: 'string' },
        status: { enum: [...Object.values(problems).map(([status]) => status), 500] },
        detail: { type: 'string', description: 'What was wrong, and what would be right.' },
        errors: {
          type: 'array',
          minItems: 1,
          maxItems: 20,
          description: 'What is wrong with single members.',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['path', 'message'],
            properties: {
              path: { type: 'string', pattern: '^(/([^/~]|~[01])*)*$', description: 'A JSON pointer into the body.' },
              message: { type: 'string' },
            },
          },
        },
      },
    },
    GatewayMessage: {
      type: 'object',
      description: 'What API Gateway answers by itself, without the function.',
      required: ['message'],
      properties: { message: { type: ['string', 'null'] } },
    },
  },
};

/** The OpenAPI document of both HTTP functions. */
export function openapi() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'vod-client-upload',
      version: '1',
      summary: 'Signatures for client-side upload to Tencent Cloud VOD, and the events that tell of it',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: 'https://{api}.execute-api.{region}.amazonaws.com',
        description: 'A deployment: the beginning of its outputs UploadSignatureUrl and VodEventsUrl.',
        variables: {
          api: { default: 'a1b2c3d4e5', description: 'Which API Gateway gave it.' },
          region: { default: 'ap-southeast-1', description: 'In China the address ends with .com.cn.' },
        },
      },
      { url: 'http://localhost:3000', description: '`npm start`' },
    ],
    tags: [
      { name: 'app', description: 'What your app calls.' },
      { name: 'vod', description: 'What VOD calls.' },
    ],
    paths,
    components,
  };
}

/** What docs/openapi.json has to be. */
export function generateOpenapi(): string {
  return `${JSON.stringify(openapi(), null, 2)}\n`;
}

if (require.main === module) writeFileSync(join(__dirname, '../docs/openapi.json'), generateOpenapi());
