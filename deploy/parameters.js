'use strict';

const { URL } = require('node:url');

/** The `params` of serverless.yml that can be set by hand. */
const NAMES = [
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'CORS_ORIGINS',
  'VOD_SUB_APP_ID',
  'VOD_API_URL',
  'EVENT_MODE',
  'EVENTS_RATE',
  'NOTIFY_URL',
  'ONE_TIME_VALID',
  'ONE_TIME_VALID_FIXED',
  'VALID_FOR',
  'VALID_FOR_MAX',
  'PROCEDURES',
  'DEFAULT_PROCEDURE',
  'CLASS_IDS',
  'STORAGE_REGIONS',
  'SIGN_RATE_PER_MINUTE',
  'SIGN_RATE_BURST',
  'VOD_KEY_PARAMETER',
  'VOD_API_KEY_PARAMETER',
  'SEAL_KEY_PARAMETER',
  'CALLBACK_TOKEN_PARAMETER',
  'CALLBACK_SIGN_KEY_PARAMETER',
  'NOTIFY_SECRET_PARAMETER',
  'ALARM_TOPIC_ARN',
];

const SECRETS = [
  'VOD_KEY_PARAMETER',
  'VOD_API_KEY_PARAMETER',
  'SEAL_KEY_PARAMETER',
  'CALLBACK_TOKEN_PARAMETER',
  'CALLBACK_SIGN_KEY_PARAMETER',
  'NOTIFY_SECRET_PARAMETER',
];
/** Key pairs of the VOD account: both may be the same parameter. */
const KEY_PAIRS = ['VOD_KEY_PARAMETER', 'VOD_API_KEY_PARAMETER'];
/** Secrets that authenticate the webhook; unused where events are pulled. */
const CALLBACK_SECRETS = ['CALLBACK_TOKEN_PARAMETER', 'CALLBACK_SIGN_KEY_PARAMETER'];

/** VOD's limit for a signature, in seconds: 90 days. */
const MAX_VALIDITY = 7_776_000;

/** As in lib/signing/config.ts. */
const MAX_RATE = 1_000_000;

/** Requests a second of an account's API Gateway, unless AWS raised it. */
const MAX_GATEWAY_RATE = 10_000;

/** @param {string} text @returns {string[]} the items of a comma separated list */
function list(text) {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** @param {string} text @returns {URL | undefined} */
function url(text) {
  // The parser ignores spaces around a URL, but the text is compared with tokens and Origin headers.
  if (/\s/.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** @param {string} text @param {string} stage */
function isIssuer(text, stage) {
  const issuer = url(text);
  if (!issuer || issuer.username || issuer.password || /[?#]/.test(text)) return false;
  return issuer.protocol === 'https:' || isLocalRun(issuer, stage);
}

/** @param {URL} url @param {string} stage */
function isLocalRun({ protocol, hostname }, stage) {
  return stage === 'local' && protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname);
}

/** @param {string} text @param {string} stage */
function isApiUrl(text, stage) {
  const api = url(text);
  return api?.origin === text && (api.protocol === 'https:' || isLocalRun(api, stage));
}

/** Whether the text is spelled like an Origin header. @param {string} text */
function isOrigin(text) {
  const origin = url(text);
  return origin?.origin === text && ['https:', 'http:'].includes(origin.protocol) && !text.includes('*');
}

/** @param {string} text @param {number} least @param {number} most */
function isWholeNumber(text, least, most) {
  return /^(0|[1-9]\d*)$/.test(text) && Number(text) >= least && Number(text) <= most;
}

/** In an ARN, the parameter "name" is "/name". @param {string} name */
function withSlash(name) {
  return name.startsWith('/') ? name : `/${name}`;
}

/** @param {string} name of an SSM parameter */
function secretArn(name) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter${withSlash(name)}` };
}

/**
 * Where notifications may go: in a deploy to https and a public name, for what answers at an address of the function's
 * own network is not the app's server.
 *
 * @param {string} text @param {string} stage
 */
function isNotifyUrl(text, stage) {
  const target = url(text);
  if (!target || target.username || target.password) return false;
  if (isLocalRun(target, stage)) return true;
  if (text.includes('#')) return false;
  const { protocol } = target;
  const hostname = target.hostname.replace(/\.$/, '');
  const isAddress = /^\[|^[\d.]+$/.test(hostname);
  const isInternal = /(^|\.)(localhost|internal|local)$/.test(hostname) || !hostname.includes('.');
  return protocol === 'https:' && !isAddress && !isInternal;
}

/**
 * The functions that the parameters switch off. The local run has those of both event modes.
 *
 * @param {Record<string, string>} given @param {string} stage
 */
function notDeployed(given, stage) {
  const unused = given.NOTIFY_URL === '' ? ['notifyApp'] : [];
  if (stage === 'local') return unused;
  return [...unused, given.EVENT_MODE === 'pull' ? 'vodEvents' : 'pullEvents'];
}

/**
 * The rows whose changes trigger upload-changed: those to verify and, where the app is told, those to announce.
 *
 * @param {Record<string, string>} given
 */
function changedRows(given) {
  const image = (attributes) => ({ dynamodb: { NewImage: attributes } });
  const announced = ['ready', 'failed', 'held', 'rejected', 'deleted'];
  return [
    image({ trust: { S: ['pushed'] } }),
    ...(given.NOTIFY_URL === '' ? [] : [image({ trust: { S: ['confirmed'] }, status: { S: announced } })]),
  ];
}

/** Whether this deploy has the public events route. @param {Record<string, string>} given @param {string} stage */
function hasWebhook(given, stage) {
  return !notDeployed(given, stage).includes('vodEvents');
}

/**
 * Throttles of the routes. What the events route sheds is lost for VOD, and `reconcile` repairs it.
 *
 * @param {Record<string, string>} given @param {string} stage
 */
function routeSettings(given, stage) {
  // A route's settings replace the stage's, detailed metrics included.
  const limit = (rate, burst) => ({
    ThrottlingRateLimit: rate,
    ThrottlingBurstLimit: burst,
    DetailedMetricsEnabled: true,
  });
  const rate = Number(given.EVENTS_RATE) || 1;
  return {
    'POST /upload-signature': limit(50, 100),
    ...(hasWebhook(given, stage) && { 'POST /vod-events': limit(rate, 2 * rate) }),
  };
}

/**
 * What is wrong with the parameters, in one sentence. It does not repeat the names of secrets, which may be secrets given
 * by mistake.
 *
 * @param {Record<string, string>} given @param {string} stage @returns {string} '' when they are valid
 */
function firstProblem(given, stage) {
  if (given.JWT_ISSUER === '') {
    return "JWT_ISSUER is missing, give the issuer of your users' tokens, for example JWT_ISSUER=https://login.example.com/";
  }
  if (!isIssuer(given.JWT_ISSUER, stage)) {
    return `JWT_ISSUER must be an https URL, spelled as your users' tokens have it in iss, not "${given.JWT_ISSUER}", for example JWT_ISSUER=https://login.example.com/`;
  }
  if (list(given.JWT_AUDIENCE).length === 0) {
    return "JWT_AUDIENCE is missing, give the aud of your users' tokens, several with commas between, for example JWT_AUDIENCE=my-app";
  }

  const origins = list(given.CORS_ORIGINS);
  if (origins.includes('*') && stage === 'prod') {
    return 'CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com';
  }
  if (origins.includes('*') && origins.length > 1) {
    return 'CORS_ORIGINS has "*" and other origins, "*" has to stand alone, for example CORS_ORIGINS=*';
  }
  const noOrigin = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (noOrigin !== undefined) {
    return `CORS_ORIGINS must be origins as a browser spells them, scheme and host and no more, not "${noOrigin}", for example CORS_ORIGINS=https://www.example.com,http://localhost:3000`;
  }

  if (given.VOD_SUB_APP_ID !== '' && !isWholeNumber(given.VOD_SUB_APP_ID, 0, Number.MAX_SAFE_INTEGER)) {
    return `VOD_SUB_APP_ID must be digits or empty, not "${given.VOD_SUB_APP_ID}", for example VOD_SUB_APP_ID=1500000001`;
  }
  if (!isApiUrl(given.VOD_API_URL, stage)) {
    return `VOD_API_URL must be an https URL without a path, not "${given.VOD_API_URL}", for example VOD_API_URL=https://vod.tencentcloudapi.com`;
  }
  if (!['push', 'pull'].includes(given.EVENT_MODE)) {
    return `EVENT_MODE must be push or pull, not "${given.EVENT_MODE}", for example EVENT_MODE=push`;
  }

  if (hasWebhook(given, stage) && !isWholeNumber(given.EVENTS_RATE, 1, MAX_GATEWAY_RATE)) {
    return `EVENTS_RATE must be a whole number of events a second from 1 to ${MAX_GATEWAY_RATE}, not "${given.EVENTS_RATE}", for example EVENTS_RATE=200`;
  }

  if (given.NOTIFY_URL !== '' && !isNotifyUrl(given.NOTIFY_URL, stage)) {
    return `NOTIFY_URL must be an https URL with a public host name, or empty, not "${given.NOTIFY_URL}", for example NOTIFY_URL=https://app.example.com/webhooks/vod`;
  }

  const noBoolean = ['ONE_TIME_VALID', 'ONE_TIME_VALID_FIXED'].find((name) => !/^(true|false)$/.test(given[name]));
  if (noBoolean !== undefined) return `${noBoolean} must be true or false, not "${given[noBoolean]}"`;
  if (!isWholeNumber(given.VALID_FOR_MAX, 1, MAX_VALIDITY)) {
    return `VALID_FOR_MAX must be whole seconds from 1 to ${MAX_VALIDITY}, not "${given.VALID_FOR_MAX}", for example VALID_FOR_MAX=86400`;
  }
  if (!isWholeNumber(given.VALID_FOR, 1, Number(given.VALID_FOR_MAX))) {
    return `VALID_FOR must be whole seconds from 1 to VALID_FOR_MAX (${given.VALID_FOR_MAX}), not "${given.VALID_FOR}", for example VALID_FOR=1800`;
  }
  if (given.DEFAULT_PROCEDURE !== '' && !list(given.PROCEDURES).includes(given.DEFAULT_PROCEDURE)) {
    return `DEFAULT_PROCEDURE must be one of PROCEDURES, not "${given.DEFAULT_PROCEDURE}", for example PROCEDURES=LongVideoPreset DEFAULT_PROCEDURE=LongVideoPreset`;
  }
  const noClassId = list(given.CLASS_IDS).find((id) => !isWholeNumber(id, 0, Number.MAX_SAFE_INTEGER));
  if (noClassId !== undefined) {
    return `CLASS_IDS must be whole numbers from 0, not "${noClassId}", for example CLASS_IDS=0,1024`;
  }

  if (given.SIGN_RATE_PER_MINUTE !== '' && !isWholeNumber(given.SIGN_RATE_PER_MINUTE, 1, MAX_RATE)) {
    return `SIGN_RATE_PER_MINUTE must be a whole number from 1 to ${MAX_RATE}, or empty for no limit, not "${given.SIGN_RATE_PER_MINUTE}", for example SIGN_RATE_PER_MINUTE=30`;
  }
  if (!isWholeNumber(given.SIGN_RATE_BURST, 3, MAX_RATE)) {
    return `SIGN_RATE_BURST must be a whole number from 3, which is one upload, to ${MAX_RATE}, not "${given.SIGN_RATE_BURST}", for example SIGN_RATE_BURST=12`;
  }

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
  const unused = [
    ...(hasWebhook(given, stage) ? [] : CALLBACK_SECRETS),
    ...(given.NOTIFY_URL === '' ? ['NOTIFY_SECRET_PARAMETER'] : []),
  ];
  const secrets = SECRETS.filter((name) => !unused.includes(name) && given[name] !== '');
  const noName = secrets.find((name) => !/^([\w.-]+|(\/[\w.-]+)+)$/.test(given[name]));
  if (noName !== undefined) {
    return `${noName} must be the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any), for example ${noName}=/vod-client-upload/${stage}/my-secret`;
  }
  for (const [index, name] of secrets.entries()) {
    const twin = secrets.slice(0, index).find((other) => withSlash(given[other]) === withSlash(given[name]));
    if (KEY_PAIRS.includes(twin) && KEY_PAIRS.includes(name)) continue;
    if (twin !== undefined) return `${twin} and ${name} name one SSM parameter, each secret needs its own`;
  }

  if (given.ALARM_TOPIC_ARN !== '' && !/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(given.ALARM_TOPIC_ARN)) {
    return `ALARM_TOPIC_ARN must be the ARN of an SNS topic or empty, not "${given.ALARM_TOPIC_ARN}", for example ALARM_TOPIC_ARN=arn:aws:sns:ap-southeast-1:123456789012:alarms`;
  }
  return '';
}

/**
 * For `${file(deploy/parameters.js)}` in serverless.yml. Never throws: an invalid parameter is returned as `problem`, which
 * deploy/refuse-bad-parameters.js reports before anything else is used.
 */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const given = {};
  for (const name of NAMES) given[name] = String(await resolveVariable(`param:${name}`));

  const origins = list(given.CORS_ORIGINS);
  const apiKeyParameter = given.VOD_API_KEY_PARAMETER || given.VOD_KEY_PARAMETER;
  return {
    problem: firstProblem(given, stage),
    notDeployed: notDeployed(given, stage),
    apiKeyParameter,
    // The framework would refuse an empty value first, as an "unsupported value".
    issuer: given.JWT_ISSUER || 'missing',
    audience: list(given.JWT_AUDIENCE),
    cors: origins.length > 0 && {
      allowedOrigins: origins,
      allowedMethods: ['POST'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedResponseHeaders: ['retry-after'],
      maxAge: 7200, // Chromium's limit
    },
    uploadSignatureSecrets: [given.VOD_KEY_PARAMETER, given.SEAL_KEY_PARAMETER].map(secretArn),
    vodEventsSecrets: [given.CALLBACK_TOKEN_PARAMETER, given.CALLBACK_SIGN_KEY_PARAMETER, given.SEAL_KEY_PARAMETER]
      .filter((name) => name !== '')
      .map(secretArn),
    apiSecrets: [apiKeyParameter, given.SEAL_KEY_PARAMETER].map(secretArn),
    changedRows: changedRows(given),
    notificationsQueueUrl: given.NOTIFY_URL === '' ? '' : { Ref: 'NotifyAppQueue' },
    notifySecrets: [given.NOTIFY_SECRET_PARAMETER].map(secretArn),
    uploadChangedQueues: [
      { 'Fn::GetAtt': ['VerificationDeadLetters', 'Arn'] },
      ...(given.NOTIFY_URL === '' ? [] : [{ 'Fn::GetAtt': ['NotifyAppQueue', 'Arn'] }]),
    ],
    routeSettings: routeSettings(given, stage),
    limitedRoutes: [
      'HttpApiRoutePostUploadDashsignature',
      ...(hasWebhook(given, stage) ? ['HttpApiRoutePostVodDashevents'] : []),
    ],
    alarmActions: given.ALARM_TOPIC_ARN === '' ? [] : [given.ALARM_TOPIC_ARN],
  };
};
