import {
  cacheControl,
  forbidden,
  gatewayThrottled,
  json,
  orGateway,
  problem,
  ref,
  serviceFailed,
  unauthorized,
  unavailable,
} from './responses';

const security = [{ appUser: [] }];

const upload = {
  fileId: '5285890784273533167',
  status: 'ready',
  version: 4,
  name: 'cat',
  type: 'mp4',
  category: 'Video',
  size: 1_048_576,
  duration: 12.5,
  width: 1280,
  height: 720,
  url: 'http://1500000001.vod2.myqcloud.com/cat.mp4',
  sourceContext: 'order=7',
  createTime: '2026-11-22T08:00:00Z',
  updatedAt: '2026-11-22T08:00:04.120Z',
};
const { fileId, sourceContext } = upload;

/** Only the caller's own client may keep it, and asks each time whether it has changed. */
const privateCache = {
  'cache-control': {
    description: 'May be kept by the caller only, who has to ask whether it has changed.',
    schema: { const: 'private, no-cache' },
  },
};
const etag = {
  etag: { description: 'The version of the upload.', schema: { type: 'string', pattern: '^"\\d+"$' }, example: '"4"' },
};

const fileIdParameter = {
  name: 'fileId',
  in: 'path',
  required: true,
  description: 'VOD’s FileId of an upload of the caller.',
  schema: { type: 'string', pattern: '^\\d{1,40}$' },
  example: fileId,
};

const notFound = (action: string) =>
  problem('not-found', 'The caller has no such upload: it does not exist, or it is another caller’s.', {
    'not-found': { detail: `Cannot ${action}: the caller has no upload with this FileId` },
  });

/** As {@link notFound}, where a deployment may lack the route. */
const notFoundOrOff = (action: string, parameter: string) => {
  const response = notFound(action);
  const description = `${response.description} Or the deployment has no such route (\`${parameter}\`), and the gateway returns its own shape.`;
  return orGateway({ ...response, description }, 'Not Found');
};

const conflict = (description: string, examples: Readonly<Record<string, readonly [status: string, detail: string]>>) =>
  problem(
    'conflict',
    description,
    Object.fromEntries(
      Object.entries(examples).map(([name, [status, detail]]) => [
        name,
        { detail, errors: [{ path: '/status', message: status }] },
      ]),
    ),
  );

const list = {
  operationId: 'listUploads',
  tags: ['app'],
  summary: 'List own uploads',
  description:
    'The caller’s confirmed uploads, newest first, without deleted ones. A page may have fewer than `limit`, even none, while there is a `cursor`. An upload appears within seconds; until then, read it by its FileId.',
  security,
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'The most uploads of a page.',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      example: 20,
    },
    {
      name: 'cursor',
      in: 'query',
      description: 'The `cursor` of the page before.',
      schema: { type: 'string', pattern: '^[\\w-]+$' },
      example: 'WyIyMDI2LTExLTIyVDA4OjAwOjAwWiIsIjUyODU4OTA3ODQyNzM1MzMxNjciXQ',
    },
    {
      name: 'sourceContext',
      in: 'query',
      description: 'Only uploads with this text.',
      schema: { type: 'string', minLength: 1 },
      example: sourceContext,
    },
  ],
  responses: {
    200: {
      description: 'A page of uploads.',
      headers: privateCache,
      content: json(ref('schemas', 'UploadList'), {
        last: { value: { uploads: [upload] } },
        more: {
          value: { uploads: [], cursor: 'WyIyMDI2LTExLTIyVDA4OjAwOjAwWiIsIjUyODU4OTA3ODQyNzM1MzMxNjciXQ' },
        },
      }),
    },
    400: problem('invalid-request', 'A parameter is not valid.', {
      'invalid-request': {
        detail: 'Cannot list uploads: the query is not valid',
        errors: [{ path: '/limit', message: 'must be an integer from 1 to 100' }],
      },
    }),
    401: unauthorized,
    403: forbidden('list uploads'),
    429: gatewayThrottled(500),
    500: serviceFailed,
    503: unavailable('list uploads', ['the table']),
  },
};

const read = {
  operationId: 'readUpload',
  tags: ['app'],
  summary: 'Read an own upload',
  description:
    'Wait for `status: ready` here after an upload: with `If-None-Match`, an unchanged upload costs no body. A page may ask every few seconds; your server gets a webhook where `NOTIFY_URL` is set.',
  security,
  parameters: [
    fileIdParameter,
    {
      name: 'If-None-Match',
      in: 'header',
      description: 'The ETag of an earlier answer, or several: if the upload still has it, the answer is 304.',
      schema: { type: 'string' },
      example: '"3"',
    },
  ],
  responses: {
    200: {
      description: 'The upload.',
      headers: { ...privateCache, ...etag },
      content: json(ref('schemas', 'Upload'), {
        ready: { value: upload },
        unconfirmed: { value: { fileId, status: 'processing', version: 1, sourceContext } },
        rejected: {
          value: {
            ...{ ...upload, url: undefined },
            status: 'rejected',
            rejection: { reason: 'too-large', detail: 'the file has 1048576 bytes, the limit is 1000000' },
          },
        },
      }),
    },
    304: { description: 'The upload has not changed. Without a body.', headers: { ...privateCache, ...etag } },
    401: unauthorized,
    403: forbidden('read upload'),
    404: notFound('read upload'),
    429: gatewayThrottled(500),
    500: serviceFailed,
    503: unavailable('read upload', ['the table']),
  },
};

const remove = {
  operationId: 'deleteUpload',
  tags: ['app'],
  summary: 'Delete an own upload',
  description:
    'Only in a deployment with `ALLOW_DELETE=true`. Deletes the file in VOD; the upload gets the status `deleted` within seconds, when VOD confirms it. May be repeated.',
  security,
  parameters: [fileIdParameter],
  responses: {
    202: {
      description: 'VOD deletes the file. The body is the upload as it was.',
      headers: cacheControl,
      content: json(ref('schemas', 'Upload'), { accepted: { value: upload } }),
    },
    401: unauthorized,
    403: forbidden('delete upload'),
    404: notFoundOrOff('delete upload', 'ALLOW_DELETE'),
    409: conflict('VOD has not confirmed the upload yet.', {
      unconfirmed: ['uploaded', 'Cannot delete upload: VOD has not confirmed the upload yet, its status is "uploaded"'],
    }),
    429: gatewayThrottled(50),
    500: serviceFailed,
    503: unavailable('delete upload', ['the table', 'VOD']),
  },
};

const play = {
  operationId: 'playUpload',
  tags: ['app'],
  summary: 'Sign the playback of an own upload',
  description:
    'Only in a deployment with a player key or a URL key. What it returns plays until `expireTime`, for everyone who has it.',
  security,
  parameters: [fileIdParameter],
  responses: {
    200: {
      description: 'What a player needs.',
      headers: cacheControl,
      content: json(ref('schemas', 'Playback'), {
        both: {
          value: {
            appId: 1_500_000_001,
            fileId,
            psign:
              'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBJZCI6MTUwMDAwMDAwMX0.1uWmNvMfCOq7Pm9RrMcT2k3Xo9eEhYJb0kqk4mM2J5g',
            url: 'http://1500000001.vod2.myqcloud.com/cat.mp4?t=6b02e050&sign=547d98c4b91e81b5ea55c95cef63223f',
            expireTime: 1_795_350_608,
          },
        },
      }),
    },
    401: unauthorized,
    403: forbidden('play upload'),
    404: notFoundOrOff('play upload', 'PLAYER_KEY_PARAMETER'),
    409: conflict('The upload is not ready, or VOD has no output of it for `PLAYBACK_CONTENT`.', {
      processing: ['processing', 'Cannot play upload: its status is "processing", must be "ready"'],
    }),
    429: gatewayThrottled(500),
    500: serviceFailed,
    503: unavailable('play upload', ['the table', 'the secret store']),
  },
};

/** The routes for the app's users, beside signing. */
export const userPaths = {
  '/uploads': { get: list },
  '/uploads/{fileId}': { get: read, delete: remove },
  '/uploads/{fileId}/playback': { get: play },
};
