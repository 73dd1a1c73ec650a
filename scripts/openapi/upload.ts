import { ANNOUNCED } from '../../lib/notifications/announcement';
import type { Playback } from '../../lib/playback/playback';
import type { UploadView } from '../../lib/uploads/view';
import { closed, positive, text, time, type Schema } from './schema';

/** An upload as apps and their users see it, see {@link UploadView}. */
export const uploadProperties: Record<keyof UploadView, Schema> = {
  fileId: { type: 'string', pattern: '^\\d{1,40}$', description: 'VOD’s FileId.' },
  status: { enum: ['uploaded', 'processing', ...ANNOUNCED] },
  version: { type: 'integer', minimum: 0, description: 'Grows with every change of the upload.' },
  name: text('The file’s name in VOD.'),
  type: text('The file’s type, such as `mp4`.'),
  category: text('`Video`, `Audio` or `Image`.'),
  size: positive('number', 'Bytes.'),
  duration: positive('number', 'Seconds.'),
  width: positive('number', 'Pixels.'),
  height: positive('number', 'Pixels.'),
  coverUrl: text('Only where `status` is `ready` or `failed`, as `url` and the URLs of `outputs`.'),
  url: text('Where the file is played from.'),
  outputs: {
    type: 'array',
    minItems: 1,
    description: 'What finished procedures made, the oldest procedure first.',
    items: closed({
      type: text('The sub-task, such as `Transcode`.'),
      definition: { type: 'number', description: 'VOD’s template.' },
      url: text('Where the output is.'),
    }),
  },
  sourceContext: text('Your own text of the upload.'),
  review: closed(
    {
      suggestion: { enum: ['pass', 'review', 'block'], description: 'The worst of all reviews.' },
      label: text('What was found, such as `Porn`.'),
    },
    ['suggestion'],
  ),
  rejection: closed(
    {
      reason: { enum: ['review', 'forbidden', 'too-large', 'too-long', 'type', 'quota'] },
      detail: text('A sentence for an operator.'),
    },
    ['reason', 'detail'],
  ),
  createTime: time('When VOD created the file.'),
  updatedAt: time('When this service changed the upload.'),
};

/** What is known before VOD has confirmed the upload. */
const UNCONFIRMED: readonly (keyof UploadView)[] = ['fileId', 'status', 'version', 'sourceContext'];

const absent = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, false]));

/** An upload in the answers to app users. */
export const uploadSchema = {
  ...closed(uploadProperties, ['fileId', 'status', 'version']),
  description:
    'An upload of the caller. Before VOD has confirmed it, only its identity. Unknown attributes are absent. URLs only where `status` is `ready` or `failed`, and none in a deployment with a URL key: there, `GET /uploads/{fileId}/playback` signs them.',
  allOf: [
    {
      if: { properties: { updatedAt: true }, required: ['updatedAt'] },
      else: { properties: absent(Object.keys(uploadProperties).filter((name) => !isUnconfirmed(name))) },
    },
    {
      if: { properties: { status: { enum: ['ready', 'failed'] } } },
      else: {
        properties: {
          ...absent(['url', 'coverUrl']),
          outputs: { type: 'array', items: { type: 'object', properties: absent(['url']) } },
        },
      },
    },
  ],
};

function isUnconfirmed(name: string): boolean {
  return UNCONFIRMED.some((known) => known === name);
}

export const uploadListSchema = {
  ...closed(
    {
      uploads: { type: 'array', maxItems: 100, items: { $ref: '#/components/schemas/Upload' } },
      cursor: text('Where the next page begins; absent on the last one.'),
    },
    ['uploads'],
  ),
  description: 'A page of the caller’s confirmed uploads, newest first.',
};

const playbackProperties: Record<keyof Playback, Schema> = {
  appId: { type: 'integer', minimum: 1, description: 'VOD’s application.' },
  fileId: uploadProperties.fileId,
  psign: {
    type: 'string',
    pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$',
    description: 'The player signature for the vendor’s player SDKs (266/45554); absent without a player key.',
  },
  url: text(
    'For any player, with Key hotlink protection (266/14047); absent without a URL key, and where the content has no URL that plays by itself.',
  ),
  expireTime: { type: 'integer', description: 'Until when both are valid, in seconds since 1970.' },
};

export const playbackSchema = {
  ...closed(playbackProperties, ['appId', 'fileId', 'expireTime']),
  description: 'What a player needs: `psign`, `url` or both.',
  anyOf: [{ required: ['psign'] }, { required: ['url'] }],
};
