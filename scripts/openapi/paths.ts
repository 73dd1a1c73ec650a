import {
  cacheControl,
  gateway,
  gatewayUnavailable,
  json,
  orGateway,
  problem,
  ref,
  retryAfter,
  serviceFailed,
} from './responses';

/** The routes of both HTTP functions. */
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
          'The body does not fit the schema, or the deployment’s policy refuses it.',
          'Cannot sign upload: the policy of this service refuses it',
          { errors: [{ path: '/validFor', message: 'must be at most 86400 seconds here' }] },
        ),
        401: { description: 'The gateway does not accept the token.', content: gateway('Unauthorized') },
        403: problem(
          'forbidden',
          'The token does not name a caller.',
          'Cannot sign upload: the token needs a claim "sub" of 1 to 128 bytes that are not all white space',
        ),
        413: orGateway(
          problem('too-large', 'The body is too large.', 'Cannot read request: the body has over 16384 bytes'),
          'Request Entity Too Large',
        ),
        429: orGateway(
          {
            ...problem(
              'too-many-requests',
              'This caller exceeds the deployment’s rate limit; or the gateway gets over 50 requests a second, and returns its own shape, without Retry-After.',
              'Cannot sign upload: rate limit exceeded, retry in 6 s',
            ),
            headers: {
              ...cacheControl,
              ...retryAfter('Whole seconds until this caller gets a signature again.', '6'),
            },
          },
          'Too Many Requests',
        ),
        500: serviceFailed,
        503: orGateway(
          {
            ...problem(
              'unavailable',
              'The secret store does not answer; or the gateway reaches no function, and returns its own shape.',
              'Cannot sign upload: the secret store does not answer, retry in 2 s',
            ),
            headers: { ...cacheControl, ...retryAfter('Whole seconds after which to try again.', '2') },
          },
          'Service Unavailable',
        ),
      },
    },
  },
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
        400: problem(
          'invalid-request',
          'Not JSON, no event type, or an upload or deletion without a usable file id.',
          'Cannot read event: it does not fit the schema',
          { errors: [{ path: '/FileUploadEvent/FileId', message: 'must match pattern "^\\d{1,40}$"' }] },
        ),
        401: problem(
          'unauthorized',
          'The token or the Sign is missing, wrong or expired.',
          'Cannot accept event: the URL needs ?token= with the callback token',
        ),
        413: orGateway(
          problem('too-large', 'The body is too large.', 'Cannot read request: the body has over 1048576 bytes'),
          'Request Entity Too Large',
        ),
        500: serviceFailed,
        503: gatewayUnavailable,
      },
    },
  },
};
