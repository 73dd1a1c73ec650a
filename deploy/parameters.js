'use strict';

const { featuresOf, notDeployed, signingHandler } = require('./features');
const { PARAMETERS } = require('./parameter-list');
const { firstProblem } = require('./problems');
const { corsOf, limitedRoutes, routeSettings } = require('./routes');
const { secretArns } = require('./secrets');
const { parseList } = require('./values');
const { webhookOf } = require('./webhook');

/**
 * The rows that trigger upload-changed when they change: those to verify and, with NOTIFY_URL, those to announce.
 *
 * @param {Record<string, string>} values
 */
function changedRows(values) {
  const image = (attributes) => ({ dynamodb: { NewImage: attributes } });
  const announced = ['ready', 'failed', 'held', 'rejected', 'deleted'];
  return [
    image({ trust: { S: ['pushed'] } }),
    ...(values.NOTIFY_URL === '' ? [] : [image({ trust: { S: ['confirmed'] }, status: { S: announced } })]),
  ];
}

/**
 * The secrets that each function may read, as ARNs.
 *
 * @param {Record<string, string>} values @param {string} apiKey @param {string} rejectKey
 */
function secretsOf(values, apiKey, rejectKey) {
  return {
    uploadSignatureSecrets: secretArns([values.VOD_KEY_PARAMETER, values.SEAL_KEY_PARAMETER]),
    vodEventsSecrets: secretArns([
      values.CALLBACK_TOKEN_PARAMETER,
      values.CALLBACK_SIGN_KEY_PARAMETER,
      values.SEAL_KEY_PARAMETER,
    ]),
    apiSecrets: secretArns([apiKey, values.SEAL_KEY_PARAMETER]),
    uploadChangedSecrets: secretArns([apiKey, values.SEAL_KEY_PARAMETER, rejectKey]),
    notifySecrets: secretArns([values.NOTIFY_SECRET_PARAMETER]),
    writeKeySecrets: secretArns([values.VOD_WRITE_KEY_PARAMETER]),
    playbackSecrets: secretArns([values.PLAYER_KEY_PARAMETER, values.URL_KEY_PARAMETER]),
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
  const values = {};
  for (const { name } of PARAMETERS) values[name] = String(await resolveVariable(`param:${name}`));

  const { notifyApp, rejectAction, uploadQuota } = featuresOf(values);
  const apiKeyParameter = values.VOD_API_KEY_PARAMETER || values.VOD_KEY_PARAMETER;
  const rejectKeyParameter = rejectAction ? values.VOD_WRITE_KEY_PARAMETER : '';
  return {
    stage,
    problem: firstProblem(values, stage, region),
    notDeployed: notDeployed(values, stage),
    // The framework would refuse an empty value first, as an "unsupported value".
    issuer: values.JWT_ISSUER || 'missing',
    audience: parseList(values.JWT_AUDIENCE),
    cors: corsOf(parseList(values.CORS_ORIGINS)),
    routeSettings: routeSettings(values, stage),
    limitedRoutes: limitedRoutes(values, stage),
    webhook: webhookOf(values, stage),
    uploadSignatureHandler: signingHandler(values),
    quotaTableName: uploadQuota ? tableName : '',
    apiKeyParameter,
    rejectKeyParameter,
    ...secretsOf(values, apiKeyParameter, rejectKeyParameter),
    playbackAppId: values.PLAYBACK_APP_ID || values.VOD_SUB_APP_ID,
    changedRows: changedRows(values),
    notificationsQueueUrl: notifyApp ? { Ref: 'NotifyAppQueue' } : '',
    uploadChangedQueues: [
      { 'Fn::GetAtt': ['VerificationDeadLetters', 'Arn'] },
      ...(notifyApp ? [{ 'Fn::GetAtt': ['NotifyAppQueue', 'Arn'] }] : []),
    ],
    alarmActions: values.ALARM_TOPIC_ARN === '' ? [] : [values.ALARM_TOPIC_ARN],
  };
};
