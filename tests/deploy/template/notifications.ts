import { ANNOUNCED } from '../../../lib/notifications/announcement';
import { notifyConfig } from '../../../lib/notifications/config';
import { RESPONSE_TIMEOUT } from '../../../lib/notifications/delivery';
import { uploadChangedConfig } from '../../../lib/verification/config';
import type { Alarm, StreamMapping } from '../../support/deploy/template';
import { metricsOf, type MetricFilter } from '../../support/metrics';
import { FULL, templateOf } from './packages';

describe('a deploy with NOTIFY_URL', () => {
  const functionOf = (id: string) => {
    const found = templateOf('full')
      .functions()
      .find((one) => one.id === id);
    if (!found) throw new Error(`Cannot find the function ${id} in the template`);
    return found;
  };

  test('delivers confirmed rows with each status that is announced, and no other', () => {
    const mappings = templateOf('full').ofType<StreamMapping & { FilterCriteria?: { Filters: { Pattern: string }[] } }>(
      'AWS::Lambda::EventSourceMapping',
    );
    const patterns = mappings.flatMap(({ FilterCriteria }) => FilterCriteria?.Filters ?? []);
    const images = patterns.map(({ Pattern }): unknown => JSON.parse(Pattern));
    expect(images).toContainEqual({
      dynamodb: { NewImage: { trust: { S: ['confirmed'] }, status: { S: [...ANNOUNCED] } } },
    });
  });

  test('delivers at most 20 webhooks at a time, one a call, so that one that hangs delays no other', () => {
    expect(templateOf('full').properties('NotifyAppEventSourceMappingSQSNotifyAppQueue')).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['NotifyAppQueue', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['NotifyAppLambdaFunction', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 20 },
    });
  });

  test('gives the function time for a response after 15 s and for its own calls, and its queue six times as much', () => {
    const { timeout } = functionOf('NotifyApp');
    // Reading the secret and moving the message may take 6 s each.
    expect(timeout).toBeGreaterThan(RESPONSE_TIMEOUT / 1_000 + 12);
    const queue = templateOf('full').queue('NotifyAppQueue');
    expect(queue.VisibilityTimeout).toBe(6 * timeout);
    expect(queue.RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': ['NotifyAppDeadLetters', 'Arn'] },
      // A function that cannot run at all loses nothing before a day has passed.
      maxReceiveCount: (24 * 3_600) / (6 * timeout),
    });
    for (const id of ['NotifyAppQueue', 'NotifyAppDeadLetters']) {
      expect(templateOf('full').queue(id)).not.toHaveProperty('QueueName');
    }
  });

  test('starts the function with its URL, secret and queues, and the stream function with its queue', () => {
    expect(notifyConfig(functionOf('NotifyApp').environment)).toEqual({
      url: FULL.NOTIFY_URL,
      secretParameter: '/vod-client-upload/dev/notify-secret',
      queueUrl: 'NotifyAppQueue',
      deadLetterQueueUrl: 'NotifyAppDeadLetters',
    });
    expect(uploadChangedConfig(functionOf('UploadChanged').environment).notificationsUrl).toBe('NotifyAppQueue');
  });

  test('watches dead letters and crashes of the function, and counts webhooks that cannot be queued or sent', () => {
    const template = templateOf('full');
    const alarms = template.ofType<Alarm>('AWS::CloudWatch::Alarm');
    const alarmOf = (name: string) => alarms.find(({ AlarmName }) => AlarmName.endsWith(`-${name}`));
    expect(alarmOf('undelivered-notifications')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['NotifyAppDeadLetters', 'QueueName'] } }],
    });
    expect(alarmOf('notifications-backlog')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Threshold: 900,
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['NotifyAppQueue', 'QueueName'] } }],
    });
    expect(alarmOf('notifications-late')).toMatchObject({ MetricName: 'LateNotifications', Threshold: 1 });
    expect(alarmOf('notify-app-errors')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'NotifyAppLambdaFunction' } }],
    });
    const filters = template.ofType<MetricFilter>('AWS::Logs::MetricFilter');
    const failures = [3, 6, 7, 8].map((attempt) => ({ outcome: 'delivery-failed', attempt }));
    expect(metricsOf(filters, 'NotifyAppLogGroup', failures)).toEqual({ LateNotifications: 2 });
    const filterOf = (metric: string) =>
      filters.filter(({ MetricTransformations }) => MetricTransformations[0].MetricName === metric);
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
});

test('a deploy without NOTIFY_URL has no queue of notifications in the environment of its stream function', () => {
  const { environment = {} } =
    templateOf('dev')
      .functions()
      .find(({ id }) => id === 'UploadChanged') ?? {};
  expect(uploadChangedConfig(environment).notificationsUrl).toBeUndefined();
});
