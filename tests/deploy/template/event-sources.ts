import type { Queue, StreamMapping } from '../../support/deploy/template';
import { describeEach, templateOf } from './packages';

describeEach(({ name, isPulled, has }) => {
  test('scheduled functions run to their end before the next run, without retries or a backlog', () => {
    const schedules = templateOf(name).schedules();
    expect(Object.fromEntries(schedules.map(({ id, rate }) => [id, rate]))).toEqual({
      Reconcile: 300,
      ...(isPulled && { PullEvents: 60 }),
    });
    for (const { rate, timeout, maxRetries, maxAge } of schedules) {
      expect(timeout).toBeLessThan(rate);
      expect(maxRetries).toBe(0);
      expect(maxAge).toBeLessThanOrEqual(rate);
    }
  });

  test('A17: the stream delivers pushed rows, reports item failures, and is retried while it keeps a record', () => {
    const mappings = templateOf(name).ofType<StreamMapping>('AWS::Lambda::EventSourceMapping');
    const streams = mappings.filter((mapping) => mapping.StartingPosition !== undefined);
    const announced = '{"trust":{"S":["confirmed"]},"status":{"S":["ready","failed","held","rejected","deleted"]}}';
    const filters = [
      { Pattern: '{"dynamodb":{"NewImage":{"trust":{"S":["pushed"]}}}}' },
      ...(has('notifyApp') ? [{ Pattern: `{"dynamodb":{"NewImage":${announced}}}` }] : []),
    ];
    expect(mappings).toHaveLength(has('notifyApp') ? 3 : 2);
    expect(streams).toEqual([
      {
        Enabled: true,
        EventSourceArn: { 'Fn::GetAtt': ['UploadsTable', 'StreamArn'] },
        FunctionName: { 'Fn::GetAtt': ['UploadChangedLambdaFunction', 'Arn'] },
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 100,
        MaximumRetryAttempts: -1,
        MaximumRecordAgeInSeconds: -1,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: { Filters: filters },
      },
    ]);
  });

  test('messages of the delay queue stay invisible while a batch is verified, and then become dead letters', () => {
    const template = templateOf(name);
    const queue = template.queue('VerificationQueue');
    const timeout = template.functions().find(({ id }) => id === 'UploadChanged')?.timeout ?? 0;
    const mapping = template.properties('UploadChangedEventSourceMappingSQSVerificationQueue');
    expect(mapping).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['VerificationQueue', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1, // more than ten messages need one
      ScalingConfig: { MaximumConcurrency: 2 }, // AWS accepts no less
    });
    expect(queue.VisibilityTimeout).toBe(6 * timeout + 1);
    expect(queue.RedrivePolicy?.deadLetterTargetArn).toEqual({ 'Fn::GetAtt': ['VerificationDeadLetters', 'Arn'] });
    for (const one of template.ofType<Queue>('AWS::SQS::Queue')) {
      expect(one).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 });
    }
  });
});
