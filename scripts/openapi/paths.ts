import {
  cacheControl,
  forbidden,
  gatewayUnavailable,
  json,
  orGateway,
  problem,
  ref,
  serviceFailed,
  temporaryProblem,
  unauthorized,
  unavailable,
} from './responses';
import { userPaths } from './users';

/** The routes of all functions. */
export const paths = {
  '/upload-signature': {
    post: {
      operationId: 'signUpload',
      tags: ['app'],
      summary: 'Sign an upload',
      description:
        'Returns a signature that lets the caller upload straight to VOD. The token needs a `sub` of 1 to 128 bytes that are not all white space: it is sealed into the signature, and becomes the row’s `uploader`.',
      security: [{ appUser: [] }],
      requestBody: {
        description: 'May be absent. At most 16 KiB; unknown properties are refused.',
        required: false,
        content: json(ref('schemas', 'SignatureRequest'), {
          order: { value: { sourceContext: 'order=7', oneTimeValid: true } },
          procedure: { value: { procedure: 'LongVideoPreset', taskNotifyMode: 'Finish', validFor: 3600 } },
        }),
      },
      responses: {
        200: {
          description: 'The signature, which the vendor’s SDKs take as it is.',
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
          'The body does not fit the schema, the deployment’s policy refuses it, or its limits would reject the file.',
          {
            policy: {
              detail: 'Cannot sign upload: the policy of this service refuses it',
              errors: [{ path: '/validFor', message: 'must be at most 86400 seconds here' }],
            },
            limits: {
              detail: 'Cannot sign upload: the limits of this service reject it',
              errors: [
                { path: '/fileSize', message: 'must be at most 1073741824 bytes' },
                { path: '/fileName', message: 'must be a file of one of the categories: Video, Audio' },
              ],
            },
          },
        ),
        401: unauthorized,
        403: forbidden('sign upload'),
        413: orGateway(
          problem('too-large', 'The body is too large.', {
            'too-large': { detail: 'Cannot read request: the body has over 16384 bytes' },
          }),
          'Request Entity Too Large',
        ),
        429: orGateway(
          temporaryProblem(
            'too-many-requests',
            'This caller exceeds the deployment’s rate limit, or its limit of uploads in 24 hours (`UPLOADS_PER_DAY`); or the gateway gets over 50 requests a second, and returns its own shape, without Retry-After.',
            {
              rate: { detail: 'Cannot sign upload: rate limit exceeded, retry in 6 s' },
              quota: {
                detail: 'Cannot sign upload: the limit of 20 uploads in 24 hours is reached, retry in 5400 s',
              },
            },
            { description: 'Whole seconds until this caller gets a signature again.', example: '6' },
          ),
          'Too Many Requests',
        ),
        500: serviceFailed,
        503: unavailable('sign upload', ['the secret store', 'the table']),
      },
    },
  },
  ...userPaths,
  '/vod-events': {
    post: {
      operationId: 'recordEvent',
      tags: ['vod'],
      summary: 'Record an event of VOD',
      description:
        'VOD calls it, in format 3.0 or 2.0. Absent when a deployment pulls its events. A deployment requires the token, the Sign, or both. An event is a hint: it creates or touches a row, and only VOD’s own answer, which the service asks for within seconds, sets the status `ready`, `failed`, `held`, `rejected` or `deleted`.',
      security: [{ callbackToken: [] }, { callbackSign: [] }, { callbackToken: [], callbackSign: [] }],
      parameters: [
        {
          name: 'T',
          in: 'query',
          description:
            'When the Sign expires, in seconds since 1970, where the message does not contain Sign and T: see `VodEvent`.',
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
          description: 'The event is durable, or is about no row.',
          headers: cacheControl,
          content: json(ref('schemas', 'EventOutcome'), {
            recorded: { value: { outcome: 'recorded' } },
            repeated: { value: { outcome: 'repeated' } },
            ignored: { value: { outcome: 'ignored' } },
          }),
        },
        400: problem('invalid-request', 'Not JSON, no event type, or an upload or deletion without a usable file id.', {
          'invalid-request': {
            detail: 'Cannot read event: it does not fit the schema',
            errors: [{ path: '/FileUploadEvent/FileId', message: 'must match pattern "^\\d{1,40}$"' }],
          },
        }),
        401: problem('unauthorized', 'The token or the Sign is missing, wrong or expired.', {
          unauthorized: { detail: 'Cannot accept event: the URL needs ?token= with the callback token' },
        }),
        413: orGateway(
          problem('too-large', 'The body is too large.', {
            'too-large': { detail: 'Cannot read request: the body has over 1048576 bytes' },
          }),
          'Request Entity Too Large',
        ),
        500: serviceFailed,
        503: gatewayUnavailable,
      },
    },
  },
};
