'use strict';

const { featureProblem, hasWebhook } = require('./features');
const { secretProblem } = require('./secrets');
const { isApiUrl, isInteger, isIssuer, isNotifyUrl, isOrigin, parseList } = require('./values');

/** VOD's limit for a signature, in seconds: 90 days. */
const MAX_VALIDITY = 7_776_000;

/** As in lib/signing/config.ts. */
const MAX_RATE = 1_000_000;

/** Requests a second of an account's API Gateway, unless AWS raised it. */
const MAX_GATEWAY_RATE = 10_000;

/** Each returns what is wrong, in one sentence; '' for nothing. */
const CHECKS = [
  callerProblem,
  originProblem,
  vodProblem,
  policyProblem,
  rateProblem,
  featureProblem,
  secretProblem,
  alarmProblem,
];

/**
 * What is wrong with the parameters, in one sentence.
 *
 * @param {Record<string, string>} given @param {string} stage @returns {string} '' when they are valid
 */
function firstProblem(given, stage) {
  for (const check of CHECKS) {
    const problem = check(given, stage);
    if (problem !== '') return problem;
  }
  return '';
}

/** @param {Record<string, string>} given @param {string} stage */
function callerProblem(given, stage) {
  if (given.JWT_ISSUER === '') {
    return "JWT_ISSUER is missing, give the issuer of your users' tokens, for example JWT_ISSUER=https://login.example.com/";
  }
  if (!isIssuer(given.JWT_ISSUER, stage)) {
    return `JWT_ISSUER must be an https URL, spelled as your users' tokens have it in iss, not "${given.JWT_ISSUER}", for example JWT_ISSUER=https://login.example.com/`;
  }
  if (parseList(given.JWT_AUDIENCE).length === 0) {
    return "JWT_AUDIENCE is missing, give the aud of your users' tokens, several with commas between, for example JWT_AUDIENCE=my-app";
  }
  return '';
}

/** @param {Record<string, string>} given @param {string} stage */
function originProblem(given, stage) {
  const origins = parseList(given.CORS_ORIGINS);
  if (origins.includes('*') && stage === 'prod') {
    return 'CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com';
  }
  if (origins.includes('*') && origins.length > 1) {
    return 'CORS_ORIGINS has "*" and other origins, "*" has to stand alone, for example CORS_ORIGINS=*';
  }
  const malformed = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (malformed !== undefined) {
    return `CORS_ORIGINS must be origins as a browser spells them, scheme and host and no more, not "${malformed}", for example CORS_ORIGINS=https://www.example.com,http://localhost:3000`;
  }
  return '';
}

/** @param {Record<string, string>} given @param {string} stage */
function vodProblem(given, stage) {
  if (given.VOD_SUB_APP_ID !== '' && !isInteger(given.VOD_SUB_APP_ID, 0, Number.MAX_SAFE_INTEGER)) {
    return `VOD_SUB_APP_ID must be digits or empty, not "${given.VOD_SUB_APP_ID}", for example VOD_SUB_APP_ID=1500000001`;
  }
  if (!isApiUrl(given.VOD_API_URL, stage)) {
    return `VOD_API_URL must be an https URL without a path, not "${given.VOD_API_URL}", for example VOD_API_URL=https://vod.tencentcloudapi.com`;
  }
  if (!['push', 'pull'].includes(given.EVENT_MODE)) {
    return `EVENT_MODE must be push or pull, not "${given.EVENT_MODE}", for example EVENT_MODE=push`;
  }
  if (hasWebhook(given, stage) && !isInteger(given.EVENTS_RATE, 1, MAX_GATEWAY_RATE)) {
    return `EVENTS_RATE must be a whole number of events a second from 1 to ${MAX_GATEWAY_RATE}, not "${given.EVENTS_RATE}", for example EVENTS_RATE=200`;
  }
  if (given.NOTIFY_URL !== '' && !isNotifyUrl(given.NOTIFY_URL, stage)) {
    return `NOTIFY_URL must be an https URL with a public host name, or empty, not "${given.NOTIFY_URL}", for example NOTIFY_URL=https://app.example.com/webhooks/vod`;
  }
  return '';
}

/** @param {Record<string, string>} given */
function policyProblem(given) {
  const noBoolean = ['ONE_TIME_VALID', 'ONE_TIME_VALID_FIXED'].find((name) => !/^(true|false)$/.test(given[name]));
  if (noBoolean !== undefined) return `${noBoolean} must be true or false, not "${given[noBoolean]}"`;
  if (!isInteger(given.VALID_FOR_MAX, 1, MAX_VALIDITY)) {
    return `VALID_FOR_MAX must be whole seconds from 1 to ${MAX_VALIDITY}, not "${given.VALID_FOR_MAX}", for example VALID_FOR_MAX=86400`;
  }
  if (!isInteger(given.VALID_FOR, 1, Number(given.VALID_FOR_MAX))) {
    return `VALID_FOR must be whole seconds from 1 to VALID_FOR_MAX (${given.VALID_FOR_MAX}), not "${given.VALID_FOR}", for example VALID_FOR=1800`;
  }
  if (given.DEFAULT_PROCEDURE !== '' && !parseList(given.PROCEDURES).includes(given.DEFAULT_PROCEDURE)) {
    return `DEFAULT_PROCEDURE must be one of PROCEDURES, not "${given.DEFAULT_PROCEDURE}", for example PROCEDURES=LongVideoPreset DEFAULT_PROCEDURE=LongVideoPreset`;
  }
  const noClassId = parseList(given.CLASS_IDS).find((id) => !isInteger(id, 0, Number.MAX_SAFE_INTEGER));
  if (noClassId !== undefined) {
    return `CLASS_IDS must be whole numbers from 0, not "${noClassId}", for example CLASS_IDS=0,1024`;
  }
  return '';
}

/** @param {Record<string, string>} given */
function rateProblem(given) {
  if (given.SIGN_RATE_PER_MINUTE !== '' && !isInteger(given.SIGN_RATE_PER_MINUTE, 1, MAX_RATE)) {
    return `SIGN_RATE_PER_MINUTE must be a whole number from 1 to ${MAX_RATE}, or empty for no limit, not "${given.SIGN_RATE_PER_MINUTE}", for example SIGN_RATE_PER_MINUTE=30`;
  }
  if (!isInteger(given.SIGN_RATE_BURST, 3, MAX_RATE)) {
    return `SIGN_RATE_BURST must be a whole number from 3, which is one upload, to ${MAX_RATE}, not "${given.SIGN_RATE_BURST}", for example SIGN_RATE_BURST=12`;
  }
  return '';
}

/** @param {Record<string, string>} given */
function alarmProblem(given) {
  if (given.ALARM_TOPIC_ARN !== '' && !/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(given.ALARM_TOPIC_ARN)) {
    return `ALARM_TOPIC_ARN must be the ARN of an SNS topic or empty, not "${given.ALARM_TOPIC_ARN}", for example ALARM_TOPIC_ARN=arn:aws:sns:ap-southeast-1:123456789012:alarms`;
  }
  return '';
}

module.exports = { firstProblem };
