'use strict';

const { featuresOf, hasWebhook } = require('./features');
const { hasFunctionUrls } = require('./regions');
const { MAX_GATEWAY_RATE } = require('./routes');
const { REACHABLE, all, distinct, integer, integerOrEmpty, oneOf, perSecond, rule } = require('./rules');
const { isApiUrl, isInteger, isNotifyUrl } = require('./values');

/** A week, in seconds: a URL that is passed on plays until it expires. */
const MAX_PLAYBACK_SECONDS = 604_800;
/** Each signature reads up to this many index entries. */
const MAX_UPLOADS_PER_DAY = 1_000;

const CATEGORIES = ['Video', 'Audio', 'Image'];
const CONTENTS = ['Original', 'Transcode', 'RawAdaptive', 'ProtectedAdaptive'];

const EVENTS = 'Events';
const USERS = 'What app users may do with their uploads';
const VOD = 'VOD';

/** VOD requires the template in the player signature of all but the original (266/45554). @param {import('./rules').Context} context */
function definitionNeeded({ values }) {
  const content = values.PLAYBACK_CONTENT;
  const isNeeded = featuresOf(values).playback && content !== 'Original';
  return isNeeded ? `PLAYBACK_CONTENT=${content} needs the id of the template` : '';
}

/** @param {import('./rules').Context} context */
function appIdNeeded({ values }) {
  const isNeeded = featuresOf(values).playback && !isInteger(values.VOD_SUB_APP_ID, 1, Number.MAX_SAFE_INTEGER);
  return isNeeded
    ? 'playback needs the application id: set it, or VOD_SUB_APP_ID; an account without applications uses its AppId'
    : '';
}

/**
 * The part of deploy/parameter-list.js about events and uploads.
 *
 * @type {readonly import('./rules').Parameter[]}
 */
const UPLOAD_PARAMETERS = [
  {
    name: 'EVENT_MODE',
    section: EVENTS,
    default: 'push',
    example: 'push',
    rule: rule('push or pull', (value) => ['push', 'pull'].includes(value)),
    description:
      "push: VOD posts events to /vod-events at once, a public URL that a secret protects.\npull: there is no such URL. A function fetches events every minute; VOD keeps each for up to four days, until it is in the table. VOD's console must have the same mode: 普通回调 is push, 可靠回调 is pull.",
  },
  {
    name: 'EVENTS_ENDPOINT',
    section: EVENTS,
    default: 'api',
    example: 'api',
    rule: all(
      oneOf(['api', 'function-url']),
      rule(
        'api in a region without function URLs',
        (value, { region }) => value === 'api' || region === undefined || hasFunctionUrls(region),
      ),
    ),
    isUsed: ({ values, stage }) => hasWebhook(values, stage),
    description:
      'Where VOD posts events.\napi: the route /vod-events of the HTTP API.\nfunction-url: a Lambda function URL, which costs $2 less per million uploads with a procedure. Its reserved concurrency is a tenth of EVENTS_RATE, at least 5: the number of events processed at the same time, without a burst. While the table is unavailable, each event takes up to 23 s. The account must keep 100 unreserved concurrent executions. The access log does not contain these requests. After a change, run register again.',
  },
  {
    name: 'EVENTS_RATE',
    section: EVENTS,
    default: '200',
    example: '200',
    rule: perSecond('events', MAX_GATEWAY_RATE),
    isUsed: ({ values, stage }) => hasWebhook(values, stage),
    description:
      'Requests per second that the webhook accepts; the HTTP API allows bursts of twice as many. It limits the cost of abuse. VOD does not send events above it again; reconcile finds their uploads within minutes. Raise it if you expect more than half of it.',
  },
  {
    name: 'NOTIFY_URL',
    section: EVENTS,
    default: '',
    example: 'https://app.example.com/webhooks/vod',
    rule: rule(
      'an https URL with a public host name, or empty',
      (value, { stage }) => value === '' || isNotifyUrl(value, stage),
    ),
    description:
      'The URL of your server that receives a signed webhook when an upload becomes ready, failed, held, rejected or deleted, see docs/notifications.md. An https URL with a public name. Empty: no webhooks are sent, and their queues and function are not deployed.',
  },
  {
    name: 'ALLOW_DELETE',
    section: USERS,
    default: 'false',
    example: 'true',
    rule: oneOf(['true', 'false']),
    description:
      'true: users may delete their own uploads (DELETE /uploads/{fileId}), with the key pair in VOD_WRITE_KEY_PARAMETER.',
  },
  {
    name: 'PLAYBACK_CONTENT',
    section: USERS,
    default: 'Original',
    example: 'Original',
    rule: oneOf(CONTENTS),
    description:
      'What GET /uploads/{fileId}/playback signs, where PLAYER_KEY_PARAMETER or URL_KEY_PARAMETER (below) has a name: Original, Transcode, RawAdaptive or ProtectedAdaptive. The last one needs the player key.',
  },
  {
    name: 'PLAYBACK_DEFINITION',
    section: USERS,
    default: '',
    example: '10',
    rule: integerOrEmpty(1, Number.MAX_SAFE_INTEGER),
    whenEmpty: definitionNeeded,
    description: 'Template id (definition) of the output to play. Required unless PLAYBACK_CONTENT is Original.',
  },
  {
    name: 'PLAYBACK_SECONDS',
    section: USERS,
    default: '3600',
    example: '3600',
    rule: integer(60, MAX_PLAYBACK_SECONDS),
    description: 'How long a signed playback is valid: 60 to 604800 seconds, a week.',
  },
  {
    name: 'PLAYBACK_APP_ID',
    section: USERS,
    default: '',
    example: '1500000001',
    rule: integerOrEmpty(1, Number.MAX_SAFE_INTEGER),
    whenEmpty: appIdNeeded,
    description: "VOD's application id for playback. Empty: VOD_SUB_APP_ID.",
  },
  {
    name: 'MAX_BYTES',
    section: USERS,
    default: '',
    example: '1073741824',
    rule: integerOrEmpty(1, Number.MAX_SAFE_INTEGER),
    description:
      "Largest size of a new upload in bytes. Verification enforces this limit and the next three on VOD's own values: the row of an upload that exceeds one becomes `rejected`. Empty: no limit.",
  },
  {
    name: 'MAX_SECONDS',
    section: USERS,
    default: '',
    example: '600',
    rule: integerOrEmpty(1, Number.MAX_SAFE_INTEGER),
    description: 'Longest duration of a new video or audio file in seconds. Empty: no limit.',
  },
  {
    name: 'ALLOWED_CATEGORIES',
    section: USERS,
    default: '',
    example: 'Video,Audio',
    rule: all(
      rule(
        `a list of ${CATEGORIES.join(', ')}, or empty`,
        (value) => value === '' || value.split(',').every((item) => CATEGORIES.includes(item.trim())),
      ),
      distinct(),
    ),
    description: 'Categories of new uploads, of Video, Audio and Image, separated by commas. Empty: any.',
  },
  {
    name: 'UPLOADS_PER_DAY',
    section: USERS,
    default: '',
    example: '20',
    rule: integerOrEmpty(1, MAX_UPLOADS_PER_DAY),
    description: 'Uploads of one caller in 24 hours, up to 1000. Empty: no limit.',
  },
  {
    name: 'REJECT_ACTION',
    section: USERS,
    default: 'keep',
    example: 'forbid',
    rule: oneOf(['keep', 'forbid', 'delete']),
    description:
      'What happens in VOD to a file that a limit rejects: keep (nothing), forbid (it cannot be played; reversible) or delete. The last two need VOD_WRITE_KEY_PARAMETER.',
  },
  {
    name: 'VOD_API_URL',
    section: VOD,
    default: 'https://vod.tencentcloudapi.com',
    example: 'https://vod.tencentcloudapi.com',
    rule: all(
      rule('an https URL without a path', (value, { stage }) => isApiUrl(value, stage)),
      REACHABLE,
    ),
    description: "VOD's server API. For an international account: https://vod.intl.tencentcloudapi.com",
  },
];

module.exports = { UPLOAD_PARAMETERS };
