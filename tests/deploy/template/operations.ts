import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Alarm, MetricFilter } from '../../support/deploy/template';
import { FULL, PROD, templateOf } from './packages';

// The operator's interface: outputs, alarms, docs/operations.md and docs/deployer-policy.json.

const TOPICS = { dev: [], pull: [PROD.ALARM_TOPIC_ARN], full: [FULL.ALARM_TOPIC_ARN] } as const;

/** The one and the other event mode, and every optional feature. */
const DEPLOYS = ['dev', 'pull', 'full'] as const;
type Deploy = (typeof DEPLOYS)[number];

/** The guide, in each language. */
let guides: readonly string[];

beforeAll(async () => {
  guides = await Promise.all(
    ['operations.md', 'operations.zh-CN.md'].map((name) => readFile(join(__dirname, '../../../docs', name), 'utf8')),
  );
});

const prefixOf = (deploy: Deploy) => `vod-client-upload-${deploy === 'pull' ? 'prod' : 'dev'}-`;
const isExplained = (name: string) => guides.every((guide) => guide.includes(`\`${name}\``));

/** The metric of an alarm or a filter, with the names of its dimensions. */
const metricId = (namespace: string, name: string, dimensions: readonly string[]) =>
  [namespace, name, ...dimensions].join(' ');

function alarmsOf(deploy: Deploy): Alarm[] {
  return templateOf(deploy).ofType<Alarm>('AWS::CloudWatch::Alarm');
}

function countedMetrics(deploy: Deploy): string[] {
  return templateOf(deploy)
    .ofType<MetricFilter>('AWS::Logs::MetricFilter')
    .flatMap(({ MetricTransformations }) => MetricTransformations)
    .map(({ MetricNamespace, MetricName, Dimensions = [] }) =>
      metricId(
        MetricNamespace,
        MetricName,
        Dimensions.map(({ Key }) => Key),
      ),
    );
}

describe.each(DEPLOYS)('alarms of a deploy (%s)', (deploy) => {
  test('alarms cover crashes of every function, each route, the age of the stream, dead letters and counted failures', () => {
    const COMMON = [
      'failed-secret-refreshes',
      'failed-writes',
      'lost-events',
      'mass-deletion',
      'reconcile-errors',
      'reconcile-stalled',
      'refused-rows',
      'throttled-requests',
      'unknown-files',
      'upload-changed-errors',
      'upload-signature-5xx',
      'upload-signature-errors',
      'upload-signature-throttles',
      'uploads-5xx',
      'uploads-errors',
      'uploads-list-5xx',
      'verification-dead-letters',
      'verification-late',
      'verification-no-response',
    ];
    const PUSH = ['vod-events-5xx', 'vod-events-errors', 'vod-events-throttles', 'vod-events-unauthorized'];
    const OPTIONAL = [
      'delete-upload-5xx',
      'delete-upload-errors',
      'notifications-backlog',
      'notifications-late',
      'notifications-not-queued',
      'notifications-not-sent',
      'notify-app-errors',
      'playback-5xx',
      'playback-errors',
      'reject-action-failed',
      'undelivered-notifications',
    ];
    const OWN = {
      dev: PUSH,
      pull: ['pull-events-errors', 'playback-5xx', 'playback-errors'],
      full: [...PUSH, ...OPTIONAL],
    };
    const names = alarmsOf(deploy).map(({ AlarmName }) => AlarmName.replace(prefixOf(deploy), ''));
    expect(names.sort()).toEqual([...COMMON, ...OWN[deploy]].sort());
    const errors = alarmsOf(deploy).filter(({ MetricName }) => MetricName === 'Errors');
    expect(errors).toHaveLength(templateOf(deploy).functions().length);
  });

  test('alarms watch the 5xx of each route', () => {
    const watched = alarmsOf(deploy).filter(({ MetricName }) => MetricName === '5xx');
    const routes = watched.map(({ Namespace, Dimensions = [] }) => {
      const values = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
      expect([Namespace, values['ApiId'], values['Stage']]).toEqual(['AWS/ApiGateway', { Ref: 'HttpApi' }, '$default']);
      return [values['Method'], values['Resource']];
    });
    const wanted = Object.keys(templateOf(deploy).routes()).map((key) => key.split(' '));
    expect(routes).toHaveLength(wanted.length);
    expect(routes).toEqual(expect.arrayContaining(wanted));
  });

  test('alarms notify the topic, have a description, and are explained in docs/operations.md, in both languages', () => {
    for (const { AlarmActions, AlarmDescription } of alarmsOf(deploy)) {
      expect(AlarmActions).toEqual(TOPICS[deploy]);
      expect(AlarmDescription.length).toBeGreaterThan(30);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
    const names = alarmsOf(deploy).map(({ AlarmName }) => AlarmName.replace(prefixOf(deploy), ''));
    expect(names.filter((name) => !isExplained(name))).toEqual([]);
  });

  test('alarms on custom metrics have a filter that counts the metric with the same dimensions', () => {
    const watched = alarmsOf(deploy).filter(({ Namespace }) => !Namespace.startsWith('AWS/'));
    const ids = watched.map(({ Namespace, MetricName, Dimensions = [] }) =>
      metricId(
        Namespace,
        MetricName,
        Dimensions.map(({ Name }) => Name),
      ),
    );
    expect(ids.length).toBeGreaterThan(0);
    expect(countedMetrics(deploy)).toEqual(expect.arrayContaining(ids));
  });

  test('alarms or docs/operations.md name every metric that a filter counts', () => {
    const watched = alarmsOf(deploy).map(({ MetricName }) => MetricName);
    const names = countedMetrics(deploy).map((id) => id.split(' ')[1] ?? '');
    expect(names.filter((name) => !watched.includes(name) && !isExplained(name))).toEqual([]);
  });

  test('filters count refused secrets, failed writes and refused rows in the log of each function that logs them', () => {
    const filters = templateOf(deploy).ofType<MetricFilter>('AWS::Logs::MetricFilter');
    const groups = (metric: string) =>
      filters
        .filter(({ MetricTransformations }) => MetricTransformations[0]?.MetricName === metric)
        .map(({ LogGroupName }) => LogGroupName.Ref.replace('LogGroup', ''));
    const events = deploy === 'pull' ? 'PullEvents' : 'VodEvents';
    const functions = templateOf(deploy)
      .functions()
      .map(({ id }) => id);
    // `uploads` reads no secret.
    expect(groups('FailedSecretRefreshes').sort()).toEqual(functions.filter((id) => id !== 'Uploads').sort());
    expect(groups('FailedWrites')).toEqual([events, 'UploadChanged']);
    for (const metric of ['RefusedRows', 'UnknownFiles', 'MassDeletions']) {
      expect(groups(metric)).toEqual(['UploadChanged', 'Reconcile']);
    }
    expect(groups('Events')).toEqual([events]);
    expect(groups('RefusedEvents')).toEqual([events]);
  });
});

test('the alarm on the age of the stream and the one on dead letters use the metrics and dimensions of AWS', () => {
  const byName = new Map(alarmsOf('full').map((alarm) => [alarm.AlarmName.replace(prefixOf('full'), ''), alarm]));
  expect(byName.get('verification-late')).toMatchObject({
    Namespace: 'AWS/Lambda',
    MetricName: 'IteratorAge',
    Statistic: 'Maximum',
    Threshold: 5 * 60 * 1000,
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'UploadChangedLambdaFunction' } }],
  });
  expect(byName.get('verification-dead-letters')).toMatchObject({
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Statistic: 'Maximum',
    Threshold: 1,
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['VerificationDeadLetters', 'QueueName'] } }],
  });
  // Only the alarm that reports missing runs may go off without data.
  const missing = alarmsOf('full').filter(({ TreatMissingData }) => TreatMissingData !== 'notBreaching');
  expect(missing.map(({ AlarmName }) => AlarmName)).toEqual([`${prefixOf('full')}reconcile-stalled`]);
});

test('the outputs are the routes, and the table with its stream for other consumers', () => {
  const { outputs } = templateOf('dev');
  expect(Object.fromEntries(Object.entries(outputs).map(([name, { Value }]) => [name, Value]))).toMatchObject({
    UploadSignatureUrl: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/upload-signature' },
    UploadsUrl: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/uploads' },
    VodEventsUrl: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/vod-events' },
    UploadsTableName: { Ref: 'UploadsTable' },
    UploadsTableArn: { 'Fn::GetAtt': ['UploadsTable', 'Arn'] },
    UploadsTableStreamArn: { 'Fn::GetAtt': ['UploadsTable', 'StreamArn'] },
  });
});

/** The actions that create, change and delete a resource of each type. */
const DEPLOY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Api': ['apigateway:POST', 'apigateway:PATCH', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Authorizer': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Integration': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Route': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Stage': ['apigateway:POST', 'apigateway:DELETE', 'logs:CreateLogDelivery'],
  'AWS::CloudWatch::Alarm': ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
  'AWS::DynamoDB::Table': [
    'dynamodb:CreateTable',
    'dynamodb:DeleteTable',
    'dynamodb:UpdateContinuousBackups',
    'dynamodb:UpdateTimeToLive',
    'dynamodb:DescribeTimeToLive',
  ],
  'AWS::Events::Rule': ['events:PutRule', 'events:PutTargets', 'events:RemoveTargets', 'events:DeleteRule'],
  'AWS::IAM::Policy': ['iam:PutRolePolicy', 'iam:GetRolePolicy', 'iam:DeleteRolePolicy'],
  'AWS::IAM::Role': ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:DeleteRole', 'iam:PassRole'],
  'AWS::Lambda::EventInvokeConfig': ['lambda:PutFunctionEventInvokeConfig', 'lambda:DeleteFunctionEventInvokeConfig'],
  'AWS::Lambda::EventSourceMapping': [
    'lambda:CreateEventSourceMapping',
    'lambda:GetEventSourceMapping',
    'lambda:UpdateEventSourceMapping',
    'lambda:DeleteEventSourceMapping',
  ],
  'AWS::Lambda::Function': ['lambda:CreateFunction', 'lambda:DeleteFunction'],
  'AWS::Lambda::Url': [
    'lambda:CreateFunctionUrlConfig',
    'lambda:GetFunctionUrlConfig',
    'lambda:UpdateFunctionUrlConfig',
    'lambda:DeleteFunctionUrlConfig',
    'lambda:PutFunctionConcurrency',
    'lambda:DeleteFunctionConcurrency',
  ],
  'AWS::Lambda::Permission': ['lambda:AddPermission', 'lambda:RemovePermission'],
  'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:DeleteLogGroup'],
  'AWS::Logs::MetricFilter': ['logs:PutMetricFilter', 'logs:DeleteMetricFilter'],
  'AWS::S3::Bucket': ['s3:CreateBucket', 's3:DeleteBucket', 's3:PutObject', 's3:DeleteObject'],
  'AWS::S3::BucketPolicy': ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy'],
  'AWS::SQS::Queue': [
    'sqs:CreateQueue',
    'sqs:DeleteQueue',
    'sqs:GetQueueAttributes',
    'sqs:SetQueueAttributes',
    'sqs:ListQueueTags',
    'sqs:TagQueue',
  ],
  'AWS::SSM::Parameter': ['ssm:PutParameter', 'ssm:DeleteParameter'],
};

test('docs/deployer-policy.json allows what creates, changes and deletes the resources, and fits a managed policy', async () => {
  const text = await readFile(join(__dirname, '../../../docs/deployer-policy.json'), 'utf8');
  const policy = JSON.parse(text) as { Statement: { Action: string | string[]; Resource: string | string[] }[] };
  const allowed = new Set(policy.Statement.flatMap(({ Action }) => Action));
  const resources = DEPLOYS.flatMap((deploy) => Object.values(templateOf(deploy).resources));
  const missing = [...new Set(resources.map(({ Type }) => Type))].flatMap(
    (type) =>
      DEPLOY_ACTIONS[type]?.filter((action) => !allowed.has(action)) ?? [`add the actions that ${type} needs here`],
  );
  expect(missing).toEqual([]);
  expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);

  // CloudFormation names resources without a name after the stack.
  const unnamed = ['Role', 'VerificationQueue', 'VerificationDeadLetters', 'NotifyAppQueue', 'NotifyAppDeadLetters'];
  const generated = unnamed.map((id) => `vod-client-upload-dev-${id}`);
  const named = JSON.stringify(resources).match(/(?<=")(\/aws\/[\w-]+\/)?vod-client-upload-dev[\w-]*(?=")/g) ?? [];
  const patterns = policy.Statement.flatMap(({ Resource }) => Resource).map(
    (arn) => arn.split(/[:/](?=vod-|\/aws)/).pop() ?? '',
  );
  const isCovered = (name: string) =>
    patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
  expect(named.length).toBeGreaterThan(0);
  expect([...named, ...generated].filter((name) => !isCovered(name))).toEqual([]);
});
