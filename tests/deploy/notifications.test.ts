import { notifyConfig } from '../../lib/notifications/config';
import { RESPONSE_TIMEOUT } from '../../lib/notifications/delivery';
import { ANNOUNCED } from '../../lib/notifications/announcement';
import { uploadChangedConfig } from '../../lib/verification/config';
import { copyExampleTo, copyOfTheProject } from '../support/deploy/packaged';
import {
  TemplateReader,
  type Alarm,
  type MetricFilter,
  type Queue,
  type StreamMapping,
} from '../support/deploy/template';
import { FEATURE_RESOURCES } from './template/packages';

// What NOTIFY_URL adds to a deploy, and that a deploy without it has none of it.

jest.setTimeout(300_000);

const NOTIFY_URL = 'https://app.example.com:8443/webhooks/vod?tenant=1';
const PREFIX = 'vod-client-upload-dev-';

let templates: { readonly with: TemplateReader; readonly without: TemplateReader };

beforeAll(async () => {
  const build = async (variables: Readonly<Record<string, string>>) => {
    const copy = await copyOfTheProject();
    try {
      await copyExampleTo(copy.directory);
      const { code, stdout } = await copy.serverless(['package'], variables);
      if (code !== 0) throw new Error(`Cannot package: ${stdout}`);
      return new TemplateReader(await copy.template());
    } finally {
      await copy.remove();
    }
  };
  const [notifying, plain] = await Promise.all([build({ NOTIFY_URL }), build({})]);
  templates = { with: notifying, without: plain };
});

const idsOf = ({ resources }: TemplateReader) => Object.keys(resources);
const functionOf = (template: TemplateReader, id: string) => template.functions().find((one) => one.id === id);

test('NOTIFY_URL adds a function with its role, log, queues, mapping, filters and alarms, and takes nothing away', () => {
  const before = idsOf(templates.without);
  expect(before.filter((id) => !idsOf(templates.with).includes(id))).toEqual([]);
  expect(
    idsOf(templates.with)
      .filter((id) => !before.includes(id))
      .sort(),
  ).toEqual(FEATURE_RESOURCES.notifyApp);
});

test('a deploy without NOTIFY_URL mentions notifications nowhere but in an environment variable that is empty', () => {
  const { resources, outputs } = templates.without;
  const text = JSON.stringify({ resources, outputs }, (name, value: unknown) =>
    name === 'NOTIFICATIONS_QUEUE_URL' && value === '' ? undefined : value,
  );
  expect(text).not.toMatch(/notif(y|ication)/i);
  const { environment = {} } = functionOf(templates.without, 'UploadChanged') ?? {};
  expect(uploadChangedConfig(environment).notificationsUrl).toBeUndefined();
});

test('the role of the function may receive from its queue, send to its dead letters and read its secret, no more', () => {
  const logs = 'NotifyAppLogGroup.Arn';
  const { NotifyAppRole, UploadChangedRole, ...others } = templates.with.permissions();
  expect(NotifyAppRole).toEqual([
    `logs:CreateLogStream ${logs}`,
    `logs:PutLogEvents ${logs}`,
    'ssm:GetParameters arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/vod-client-upload/dev/notify-secret',
    'sqs:ChangeMessageVisibility NotifyAppQueue.Arn',
    'sqs:DeleteMessage NotifyAppQueue.Arn',
    'sqs:GetQueueAttributes NotifyAppQueue.Arn',
    'sqs:ReceiveMessage NotifyAppQueue.Arn',
    'sqs:SendMessage NotifyAppDeadLetters.Arn',
  ]);
  const { UploadChangedRole: before = [], ...othersBefore } = templates.without.permissions();
  expect(UploadChangedRole).toEqual([...before, 'sqs:SendMessage NotifyAppQueue.Arn']);
  expect(others).toEqual(othersBefore);
});

test('the stream also delivers confirmed rows with a status that is announced, and only with NOTIFY_URL', () => {
  const patterns = (template: TemplateReader) =>
    template
      .ofType<StreamMapping & { FilterCriteria?: { Filters: { Pattern: string }[] } }>(
        'AWS::Lambda::EventSourceMapping',
      )
      .filter(({ StartingPosition }) => StartingPosition !== undefined)
      .flatMap(({ FilterCriteria }) => FilterCriteria?.Filters.map(({ Pattern }): unknown => JSON.parse(Pattern)));
  const pushed = { dynamodb: { NewImage: { trust: { S: ['pushed'] } } } };
  const confirmed = { dynamodb: { NewImage: { trust: { S: ['confirmed'] }, status: { S: [...ANNOUNCED] } } } };
  expect(patterns(templates.without)).toEqual([pushed]);
  expect(patterns(templates.with)).toEqual([pushed, confirmed]);
});

test('the queue hands over at most 20 messages at a time, one a call, so that one that hangs holds up no other', () => {
  const mapping = templates.with.properties('NotifyAppEventSourceMappingSQSNotifyAppQueue');
  expect(mapping).toMatchObject({
    EventSourceArn: { 'Fn::GetAtt': ['NotifyAppQueue', 'Arn'] },
    FunctionName: { 'Fn::GetAtt': ['NotifyAppLambdaFunction', 'Arn'] },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BatchSize: 1,
    ScalingConfig: { MaximumConcurrency: 20 },
  });
});

test('the function has time for a response after 15 s and for its calls before and after it, its queue six times as much', () => {
  const { timeout = 0 } = functionOf(templates.with, 'NotifyApp') ?? {};
  // Reading the secret and moving the message may take 6 s each.
  expect(timeout).toBeGreaterThan(RESPONSE_TIMEOUT / 1_000 + 12);
  const queue = templates.with.queue('NotifyAppQueue');
  expect(queue.VisibilityTimeout).toBe(6 * timeout);
  expect(queue.RedrivePolicy).toEqual({
    deadLetterTargetArn: { 'Fn::GetAtt': ['NotifyAppDeadLetters', 'Arn'] },
    // A function that cannot run at all loses nothing before a day has passed.
    maxReceiveCount: (24 * 3_600) / (6 * timeout),
  });
  for (const id of ['NotifyAppQueue', 'NotifyAppDeadLetters']) {
    const one: Queue = templates.with.queue(id);
    expect(one).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3_600 });
    expect(one).not.toHaveProperty('QueueName');
  }
});

test('the function starts with its environment, and the stream function sends to its queue', () => {
  const { environment = {}, role } = functionOf(templates.with, 'NotifyApp') ?? {};
  expect(role).toBe('NotifyAppRole');
  expect(notifyConfig(environment)).toEqual({
    url: NOTIFY_URL,
    secretParameter: '/vod-client-upload/dev/notify-secret',
    queueUrl: 'NotifyAppQueue',
    deadLetterQueueUrl: 'NotifyAppDeadLetters',
  });
  const changed = functionOf(templates.with, 'UploadChanged');
  expect(uploadChangedConfig(changed?.environment ?? {}).notificationsUrl).toBe('NotifyAppQueue');
});

test('alarms watch crashes, dead letters, webhooks that cannot be sent and a queue that refuses them', () => {
  const alarms = templates.with.ofType<Alarm & { Threshold: number }>('AWS::CloudWatch::Alarm');
  const before = templates.without.ofType<Alarm>('AWS::CloudWatch::Alarm').map(({ AlarmName }) => AlarmName);
  const added = alarms.filter(({ AlarmName }) => !before.includes(AlarmName));
  const byName = Object.fromEntries(added.map((alarm) => [alarm.AlarmName.replace(PREFIX, ''), alarm]));
  expect(Object.keys(byName).sort()).toEqual([
    'notifications-not-queued',
    'notifications-not-sent',
    'notify-app-errors',
    'undelivered-notifications',
  ]);
  expect(byName['undelivered-notifications']).toMatchObject({
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Threshold: 1,
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['NotifyAppDeadLetters', 'QueueName'] } }],
  });
  expect(byName['notify-app-errors']).toMatchObject({
    Namespace: 'AWS/Lambda',
    MetricName: 'Errors',
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'NotifyAppLambdaFunction' } }],
  });
});

test('log lines count as the alarms expect: announce-failed of the stream function, and errors of notifyApp', () => {
  const filters = templates.with.ofType<MetricFilter & { FilterPattern: string }>('AWS::Logs::MetricFilter');
  const filterOf = (metric: string) =>
    filters.filter(({ MetricTransformations }) => MetricTransformations[0]?.MetricName === metric);
  expect(filterOf('FailedAnnouncements')).toMatchObject([
    { LogGroupName: { Ref: 'UploadChangedLogGroup' }, FilterPattern: '{ $.outcome = "announce-failed" }' },
  ]);
  expect(filterOf('FailedNotifications')).toMatchObject([
    {
      LogGroupName: { Ref: 'NotifyAppLogGroup' },
      FilterPattern: '{ ($.outcome = "error") || ($.outcome = "unreadable-message") }',
    },
  ]);
  const refreshes = filterOf('FailedSecretRefreshes').map(({ LogGroupName }) => LogGroupName.Ref);
  expect(refreshes).toContain('NotifyAppLogGroup');
});
