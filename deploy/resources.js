'use strict';

const { ownFile } = require('./own');

const FILES = [
  'roles.yml',
  'storage.yml',
  'alarms-users.yml',
  'alarms-events.yml',
  'alarms-verification.yml',
  'alarms-notifications.yml',
  'alarms-secrets.yml',
];

/**
 * Common properties of the alarms; docs/operations.md explains each. An alarm goes off at the first occurrence within
 * five minutes, unless it sets other values, and notifies the SNS topic that ALARM_TOPIC_ARN names, if there is one.
 *
 * The metric filters count the functions' log lines, which costs a request no time. CloudWatch disables a filter
 * when its dimensions take 1000 values within an hour, so only fields with few values are dimensions. Each pattern requires
 * them ("*"), because a filter with dimensions cannot have a DefaultValue.
 */
const ALARM = {
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'notBreaching',
};

/** For `${file(deploy/resources.js)}` in serverless.yml, which cannot merge files. */
module.exports = async ({ resolveVariable }) => {
  const AlarmActions = await resolveVariable('self:custom.parameters.alarmActions');
  const resources = {};
  for (const file of FILES) Object.assign(resources, await resolveVariable(`file(deploy/${file})`));
  Object.assign(resources, await ownFile('resources.yml', resolveVariable));
  for (const resource of Object.values(resources)) {
    if (resource.Type !== 'AWS::CloudWatch::Alarm') continue;
    resource.Properties = { ...ALARM, AlarmActions, ...resource.Properties };
  }
  return resources;
};
