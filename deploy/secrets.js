'use strict';

const { featuresOf, hasWebhook } = require('./features');

/** Parameters that name a secret. */
const SECRETS = [
  'VOD_KEY_PARAMETER',
  'VOD_API_KEY_PARAMETER',
  'SEAL_KEY_PARAMETER',
  'CALLBACK_TOKEN_PARAMETER',
  'CALLBACK_SIGN_KEY_PARAMETER',
  'NOTIFY_SECRET_PARAMETER',
  'VOD_WRITE_KEY_PARAMETER',
  'PLAYER_KEY_PARAMETER',
  'URL_KEY_PARAMETER',
];
/** Key pairs that may be the same parameter. The one that may change files is not among them. */
const KEY_PAIRS = ['VOD_KEY_PARAMETER', 'VOD_API_KEY_PARAMETER'];
/** Secrets that authenticate the webhook; unused where events are pulled. */
const CALLBACK_SECRETS = ['CALLBACK_TOKEN_PARAMETER', 'CALLBACK_SIGN_KEY_PARAMETER'];

/** In an ARN, the parameter "name" is "/name". @param {string} name */
function withSlash(name) {
  return name.startsWith('/') ? name : `/${name}`;
}

/** @param {readonly string[]} names of SSM parameters; an empty name is none */
function secretArns(names) {
  const arn = 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter';
  return names.filter((name) => name !== '').map((name) => ({ 'Fn::Sub': `${arn}${withSlash(name)}` }));
}

/**
 * What is wrong with the names of secrets, in one sentence. It does not repeat them, because they may be secrets given by
 * mistake.
 *
 * @param {Record<string, string>} given @param {string} stage @returns {string} '' when they are valid
 */
function secretProblem(given, stage) {
  return missingSecret(given, stage) || badName(given, stage);
}

/** @param {Record<string, string>} given @param {string} stage */
function missingSecret(given, stage) {
  const missing = ['VOD_KEY_PARAMETER', 'SEAL_KEY_PARAMETER'].find((name) => given[name] === '');
  if (missing !== undefined) {
    return `${missing} is missing, name the SSM parameter, for example ${missing}=/vod-client-upload/${stage}/${missing === 'VOD_KEY_PARAMETER' ? 'vod-key' : 'seal-key'}`;
  }
  if (hasWebhook(given, stage) && CALLBACK_SECRETS.every((name) => given[name] === '')) {
    return `CALLBACK_TOKEN_PARAMETER and CALLBACK_SIGN_KEY_PARAMETER are both empty, name at least one, or anybody could post events, for example CALLBACK_TOKEN_PARAMETER=/vod-client-upload/${stage}/callback-token`;
  }
  if (given.NOTIFY_URL !== '' && given.NOTIFY_SECRET_PARAMETER === '') {
    return `NOTIFY_SECRET_PARAMETER is missing, name the SSM parameter, for example NOTIFY_SECRET_PARAMETER=/vod-client-upload/${stage}/notify-secret`;
  }
  return '';
}

/** @param {Record<string, string>} given @param {string} stage */
function badName(given, stage) {
  const secrets = usedSecrets(given, stage);
  const malformed = secrets.find((name) => !/^([\w.-]+|(\/[\w.-]+)+)$/.test(given[name]));
  if (malformed !== undefined) {
    return `${malformed} must be the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any), for example ${malformed}=/vod-client-upload/${stage}/my-secret`;
  }
  for (const [index, name] of secrets.entries()) {
    const twin = secrets.slice(0, index).find((other) => withSlash(given[other]) === withSlash(given[name]));
    if (KEY_PAIRS.includes(twin) && KEY_PAIRS.includes(name)) continue;
    if (twin !== undefined) return `${twin} and ${name} name one SSM parameter, each secret needs its own`;
  }
  return '';
}

/** Those that have a name and that a function of this deploy reads. @param {Record<string, string>} given @param {string} stage */
function usedSecrets(given, stage) {
  const { notifyApp, deleteUpload, rejectAction } = featuresOf(given);
  const unused = [
    ...(hasWebhook(given, stage) ? [] : CALLBACK_SECRETS),
    ...(notifyApp ? [] : ['NOTIFY_SECRET_PARAMETER']),
    ...(deleteUpload || rejectAction ? [] : ['VOD_WRITE_KEY_PARAMETER']),
  ];
  return SECRETS.filter((name) => !unused.includes(name) && given[name] !== '');
}

module.exports = { secretArns, secretProblem };
