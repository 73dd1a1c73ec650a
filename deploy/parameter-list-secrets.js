'use strict';

const { featuresOf, hasWebhook } = require('./features');
const { partitionOf } = require('./regions');
const { SECRET_NAME } = require('./secret-names');
const { SERVICE } = require('./stages');

const SECRETS = "Secrets: names of SSM SecureStrings, which you create under the account's default key";
const AWS = 'AWS';

/** @param {string} name @returns {(stage: string) => string} */
const secretName = (name) => (stage) => `/${SERVICE}/${stage}/${name}`;
const NAME_IT = 'set it to the name of the SSM parameter';

/** @param {import('./rules').Context} context */
function writeKeyNeeded({ values }) {
  const { deleteUpload, rejectAction } = featuresOf(values);
  if (!deleteUpload && !rejectAction) return '';
  const cause = deleteUpload ? 'ALLOW_DELETE=true' : `REJECT_ACTION=${values.REJECT_ACTION}`;
  return `${cause} needs a key pair that may change files in VOD`;
}

/** The URL of an encrypted stream is not enough to play it. @param {import('./rules').Context} context */
function playerKeyNeeded({ values }) {
  const isNeeded = featuresOf(values).playback && values.PLAYBACK_CONTENT === 'ProtectedAdaptive';
  return isNeeded ? 'PLAYBACK_CONTENT=ProtectedAdaptive requires a player signature' : '';
}

/** @type {import('./rules').Rule} */
const ALARM_TOPIC = {
  text: 'the ARN of an SNS topic or empty',
  violation: (value, { region }) => {
    if (value === '') return undefined;
    const [, partition, where] = /^arn:(aws[a-z-]*):sns:([a-z\d-]+):\d{12}:[\w-]{1,256}$/.exec(value) ?? [];
    if (where === undefined) return { problem: `must be ${ALARM_TOPIC.text}, not "${value}"` };
    if (region === undefined || (where === region && partition === partitionOf(region))) return undefined;
    const example = `arn:${partitionOf(region)}:sns:${region}:123456789012:alarms`;
    return { problem: `must name a topic in the region of the deploy, ${region}, not "${value}"`, example };
  },
};

/**
 * The part of deploy/parameter-list.js about secrets and AWS.
 *
 * @type {readonly import('./rules').Parameter[]}
 */
const SECRET_PARAMETERS = [
  {
    name: 'VOD_KEY_PARAMETER',
    default: secretName('vod-key'),
    whenEmpty: () => NAME_IT,
    description:
      'Key pair of a Tencent Cloud CAM user, which signs uploads, as JSON: {"secretId": "...", "secretKey": "..."}. Its CAM policy: docs/deploy.md.',
  },
  {
    name: 'VOD_API_KEY_PARAMETER',
    default: '',
    description:
      "Key pair for VOD's server API, if it is not the one that signs: of a CAM user with the policy in docs/verification.md. Empty: VOD_KEY_PARAMETER is used, and its user needs that policy too.",
  },
  {
    name: 'VOD_WRITE_KEY_PARAMETER',
    default: '',
    isUsed: (context) => writeKeyNeeded(context) !== '',
    whenEmpty: writeKeyNeeded,
    description:
      'Key pair that may delete and forbid files, for ALLOW_DELETE=true or REJECT_ACTION, with the policy in docs/deploy.md. It must differ from the two above.',
  },
  {
    name: 'SEAL_KEY_PARAMETER',
    default: secretName('seal-key'),
    whenEmpty: () => NAME_IT,
    description:
      'Key that binds the caller to an upload: a long random text. During rotation, two values separated by a comma: the first is used for new signatures, and both are accepted.',
  },
  {
    name: 'CALLBACK_TOKEN_PARAMETER',
    default: secretName('callback-token'),
    isUsed: ({ values, stage }) => hasWebhook(values, stage),
    description:
      'Token in the callback URL (?token=...), which authenticates VOD at /vod-events (EVENT_MODE=push). CALLBACK_TOKEN_PARAMETER or CALLBACK_SIGN_KEY_PARAMETER must be set. Each may contain two values, separated by a comma. Empty: the token is not verified.',
  },
  {
    name: 'CALLBACK_SIGN_KEY_PARAMETER',
    default: '',
    isUsed: ({ values, stage }) => hasWebhook(values, stage),
    description:
      "The SignKey of VOD's event configuration; callbacks must then have a valid Sign. Empty: Sign is not verified.",
  },
  {
    name: 'NOTIFY_SECRET_PARAMETER',
    default: secretName('notify-secret'),
    isUsed: ({ values }) => featuresOf(values).notifyApp,
    whenEmpty: () => NAME_IT,
    description: 'Secret that signs the webhooks to your server, whsec_ and Base64: only with NOTIFY_URL.',
  },
  {
    name: 'PLAYER_KEY_PARAMETER',
    default: '',
    whenEmpty: playerKeyNeeded,
    description:
      "The player key (播放密钥), set in VOD's console for the application: signs for the vendor's players. Empty: not used.",
  },
  {
    name: 'URL_KEY_PARAMETER',
    default: '',
    description:
      "The URL key (Key 防盗链), set in VOD's console for the domain: signs URLs. Not the same secret as the player key. Empty: not used.",
  },
].map((parameter) => ({
  section: SECRETS,
  example: secretName(parameter.name.replace('_PARAMETER', '').replaceAll('_', '-').toLowerCase()),
  rule: SECRET_NAME,
  isSecret: true,
  ...parameter,
}));

/** @type {readonly import('./rules').Parameter[]} */
const AWS_PARAMETERS = [
  {
    name: 'ALARM_TOPIC_ARN',
    section: AWS,
    default: '',
    example: 'arn:aws:sns:ap-southeast-1:123456789012:alarms',
    rule: ALARM_TOPIC,
    description:
      'ARN of an SNS topic in the region of the deploy, which receives the alarms. Empty: alarms are visible in CloudWatch only.',
  },
];

module.exports = { AWS_PARAMETERS, SECRET_PARAMETERS };
