import { ANNOUNCED, type Notification } from '../../lib/notifications/announcement';
import { ref } from './responses';
import { text, time, type Schema } from './schema';
import { uploadProperties } from './upload';

type Status = (typeof ANNOUNCED)[number];

const dataProperties: Record<keyof Notification['data'], Schema> = {
  ...uploadProperties,
  fileId: { ...uploadProperties.fileId, description: 'VOD’s FileId. `0` is a test, about no file.' },
  status: { enum: ANNOUNCED },
  version: {
    ...uploadProperties.version,
    description:
      'Grows with every change of the upload. Of two notifications, the one with the greater version is newer.',
  },
  sourceContext: text(
    'Your own text of the upload. Without an `uploader` this service did not sign it, so it proves nothing.',
  ),
  uploader: text('The caller who had the upload signed (`sub` of the JWT), where the seal is valid.'),
  truncated: {
    const: true,
    description: 'Outputs, or very long attributes, are missing, because the body has at most 20 kB.',
  },
};

/** `type` and `data.status` have the same word. */
const hasStatus = (status: Status) => ({
  if: { properties: { type: { const: typeOf(status) } } },
  then: { properties: { data: { type: 'object', properties: { status: { const: status } } } } },
});

const typeOf = (status: Status) => `upload.${status}` as const;

/** The body of a webhook, see {@link Notification}. */
export const notificationSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'timestamp', 'data'],
  properties: {
    type: { enum: ANNOUNCED.map(typeOf) },
    timestamp: time('When the upload changed: `data.updatedAt`.'),
    data: {
      type: 'object',
      additionalProperties: false,
      required: ['fileId', 'status', 'version', 'updatedAt'],
      properties: dataProperties,
    },
  },
  description: 'What changed: an upload, confirmed by VOD. Unknown attributes are absent.',
  allOf: ANNOUNCED.map(hasStatus),
};

const upload = {
  fileId: '5285890784273533167',
  version: 4,
  name: 'cat',
  type: 'mp4',
  category: 'Video',
  size: 1_048_576,
  duration: 12.5,
  width: 1280,
  height: 720,
  sourceContext: 'order=7',
  createTime: '2026-11-22T08:00:00Z',
  updatedAt: '2026-11-22T08:00:04.120Z',
  uploader: 'user-42',
};
const url = 'http://1500000001.vod2.myqcloud.com/cat.mp4';

/** What the example of each status has beside {@link upload}. */
const particulars: Record<Status, object> = {
  ready: {
    url,
    outputs: [{ type: 'Transcode', definition: 100030, url: 'http://1500000001.vod2.myqcloud.com/cat.720p.mp4' }],
  },
  failed: { url },
  held: { review: { suggestion: 'review', label: 'Ad' } },
  rejected: {
    review: { suggestion: 'block', label: 'Porn' },
    rejection: { reason: 'review', detail: 'the review of VOD suggests block (Porn)' },
  },
  deleted: {},
};

const meanings: Record<Status, string> = {
  ready: 'The file is there, everything requested for it has finished, and its review passed or none was requested',
  failed: 'A procedure finished and failed, and none succeeded',
  held: 'VOD’s review wants a person to decide, in VOD’s console',
  rejected: 'The review blocked the file, or VOD forbids it',
  deleted: 'VOD no longer has the file',
};

const header = (name: string, schema: Schema, description: string, example: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
  example,
});

const parameters = [
  header(
    'webhook-id',
    { type: 'string', pattern: '^msg_[\\w-]+$' },
    'The same for every delivery of the same change: ignore an id that you have handled.',
    'msg_kQ2nG0tS1hZx3v9bYw7LrEoPfUc4aJdM',
  ),
  header(
    'webhook-timestamp',
    { type: 'string', pattern: '^\\d+$' },
    'Of this attempt, in seconds since 1970.',
    '1795334404',
  ),
  header(
    'webhook-signature',
    { type: 'string', pattern: '^v1,[A-Za-z0-9+/]+=*( v1,[A-Za-z0-9+/]+=*)*$' },
    '`v1,` and the HMAC-SHA256 of `id.timestamp.body` in Base64; two while the secret rotates, separated by a space.',
    'v1,3NyVJ1EvVZpWXMFjkDSqlQJvPMcAuQZqxqWMyYdsOsE=',
  ),
];

function webhookOf(status: Status) {
  const type = typeOf(status);
  const { updatedAt: timestamp, ...rest } = upload;
  const value = { type, timestamp, data: { ...rest, status, updatedAt: timestamp, ...particulars[status] } };
  return {
    post: {
      operationId: `receive${status.charAt(0).toUpperCase()}${status.slice(1)}`,
      tags: ['server'],
      summary: meanings[status],
      description:
        'Per Standard Webhooks. 2xx within 15 s is success, 410 gives it up at once, everything else is retried for 24 h. See docs/notifications.md.',
      security: [],
      parameters,
      requestBody: {
        required: true,
        description: 'JSON of at most 20 kB. Verify the signature over its bytes as they are.',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              allOf: [
                ref('schemas', 'Notification'),
                { type: 'object', properties: { type: { const: type } }, required: ['type'] },
              ],
            },
            examples: { [status]: { value } },
          },
        },
      },
      responses: {
        '2XX': { description: 'Delivered.' },
        410: { description: 'Given up at once: it goes to the dead letters.' },
        '4XX': { description: 'Retried for 24 h.' },
        '5XX': { description: 'Retried for 24 h; a `Retry-After` is honoured.' },
      },
    },
  };
}

/** What the service calls at `NOTIFY_URL`. */
export const webhooks = Object.fromEntries(ANNOUNCED.map((status) => [typeOf(status), webhookOf(status)])) as Record<
  `upload.${Status}`,
  ReturnType<typeof webhookOf>
>;
