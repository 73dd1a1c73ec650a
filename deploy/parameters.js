'use strict';

const { featuresOf, notDeployed, signingHandler } = require('./features');
const { PARAMETERS } = require('./parameter-list');
const { firstProblem } = require('./problems');
const { corsOf, limitedRoutes, routeSettings } = require('./routes');
const { secretArns } = require('./secrets');
const { parseList } = require('./values');

/**
 * The rows that trigger upload-changed when they change: those to verify and, with NOTIFY_URL, those to announce.
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

/**
 * The secrets that each function may read, as ARNs.
 *
 * @param {Record<string, string>} given @param {string} apiKey @param {string} rejectKey
 */
function secretsOf(given, apiKey, rejectKey) {
  return {
    uploadSignatureSecrets: secretArns([given.VOD_KEY_PARAMETER, given.SEAL_KEY_PARAMETER]),
    vodEventsSecrets: secretArns([
      given.CALLBACK_TOKEN_PARAMETER,
      given.CALLBACK_SIGN_KEY_PARAMETER,
      given.SEAL_KEY_PARAMETER,
    ]),
    apiSecrets: secretArns([apiKey, given.SEAL_KEY_PARAMETER]),
    uploadChangedSecrets: secretArns([apiKey, given.SEAL_KEY_PARAMETER, rejectKey]),
    notifySecrets: secretArns([given.NOTIFY_SECRET_PARAMETER]),
    writeKeySecrets: secretArns([given.VOD_WRITE_KEY_PARAMETER]),
    playbackSecrets: secretArns([given.PLAYER_KEY_PARAMETER, given.URL_KEY_PARAMETER]),
  };
}

/**
 * For `${file(deploy/parameters.js)}` in serverless.yml. Never throws: an invalid parameter is returned as `problem`, which
 * deploy/refuse-bad-parameters.js reports before anything else is used.
 */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const region = await resolveVariable('self:custom.region');
  const tableName = await resolveVariable('self:custom.tableName');
  const given = {};
  for (const { name } of PARAMETERS) given[name] = String(await resolveVariable(`param:${name}`));

  const { notifyApp, rejectAction, uploadQuota } = featuresOf(given);
  const apiKeyParameter = given.VOD_API_KEY_PARAMETER || given.VOD_KEY_PARAMETER;
  const rejectKeyParameter = rejectAction ? given.VOD_WRITE_KEY_PARAMETER : '';
  return {
    stage,
    problem: firstProblem(given, stage, region),
    notDeployed: notDeployed(given, stage),
    // The framework would refuse an empty value first, as an "unsupported value".
    issuer: given.JWT_ISSUER || 'missing',
    audience: parseList(given.JWT_AUDIENCE),
    cors: corsOf(parseList(given.CORS_ORIGINS)),
    routeSettings: routeSettings(given, stage),
    limitedRoutes: limitedRoutes(given, stage),
    uploadSignatureHandler: signingHandler(given),
    quotaTableName: uploadQuota ? tableName : '',
    apiKeyParameter,
    rejectKeyParameter,
    ...secretsOf(given, apiKeyParameter, rejectKeyParameter),
    playbackAppId: given.PLAYBACK_APP_ID || given.VOD_SUB_APP_ID,
    changedRows: changedRows(given),
    notificationsQueueUrl: notifyApp ? { Ref: 'NotifyAppQueue' } : '',
    uploadChangedQueues: [
      { 'Fn::GetAtt': ['VerificationDeadLetters', 'Arn'] },
      ...(notifyApp ? [{ 'Fn::GetAtt': ['NotifyAppQueue', 'Arn'] }] : []),
    ],
    alarmActions: given.ALARM_TOPIC_ARN === '' ? [] : [given.ALARM_TOPIC_ARN],
  };
};
