import type { ServerlessConfig } from '../../local/config';
import { parseBatchResponse } from '../../local/lambda/event-sources/batch-response';
import { compileFilters } from '../../local/lambda/event-sources/filter';
import { queueMappings, streamMappings } from '../../local/lambda/event-sources/mappings';
import { schedulesOf, startSchedules } from '../../local/lambda/event-sources/schedule';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    OldImage: { status: { S: 'processing' } },
    NewImage: {
      status: { S: 'ready' },
      trust: { S: 'confirmed' },
      size: { N: '3' },
      tags: { SS: ['a', 'b'] },
      gone: { NULL: true },
    },
  },
};

/** A pattern for one attribute of the new image. */
const newImage = (name: string, type: string, conditions: unknown[]) => ({
  dynamodb: { NewImage: { [name]: { [type]: conditions } } },
});

describe('compileFilters', () => {
  const matches = (...patterns: unknown[]) => compileFilters(patterns, 'filterPatterns')(record);

  test.each([
    ['a value', newImage('trust', 'S', ['confirmed'])],
    ['one of several values', newImage('status', 'S', ['failed', 'ready'])],
    ['two attributes', { dynamodb: { NewImage: { trust: { S: ['confirmed'] }, status: { S: ['ready'] } } } }],
    ['a number as DynamoDB writes it', newImage('size', 'N', ['3'])],
    ['a boolean', newImage('gone', 'NULL', [true])],
    ['an element of a set', newImage('tags', 'SS', ['b'])],
    ['a prefix', newImage('status', 'S', [{ prefix: 're' }])],
    ['a suffix', newImage('status', 'S', [{ suffix: 'dy' }])],
    ['anything but a value', newImage('status', 'S', [{ 'anything-but': 'failed' }])],
    ['anything but several values', newImage('status', 'S', [{ 'anything-but': ['failed', 'held'] }])],
    ['anything but a prefix', newImage('status', 'S', [{ 'anything-but': { prefix: 'fail' } }])],
    ['an attribute that exists', newImage('status', 'S', [{ exists: true }])],
    ['an attribute that does not exist', newImage('none', 'S', [{ exists: false }])],
    ['a leaf below an image that does not exist', { dynamodb: { None: { status: { S: [{ exists: false }] } } } }],
    ['an object, which is not a leaf', { dynamodb: { OldImage: [{ exists: false }] } }],
    ['one of two alternatives', { $or: [{ eventName: ['INSERT'] }, { eventName: ['MODIFY'] }] }],
  ])('matches %s', (_, pattern) => {
    expect(matches(pattern)).toBe(true);
  });

  test.each([
    ['another value', newImage('trust', 'S', ['pushed'])],
    ['a part of a value', newImage('trust', 'S', ['confirm'])],
    ['another case', newImage('trust', 'S', ['Confirmed'])],
    ['one attribute of two', { dynamodb: { NewImage: { trust: { S: ['confirmed'] }, status: { S: ['failed'] } } } }],
    ['a number, where DynamoDB writes text', newImage('size', 'N', [3])],
    ['another prefix', newImage('status', 'S', [{ prefix: 'x' }])],
    ['an excluded value', newImage('status', 'S', [{ 'anything-but': ['ready'] }])],
    ['anything but a value of a missing attribute', newImage('none', 'S', [{ 'anything-but': ['x'] }])],
    ['a missing attribute', newImage('none', 'S', [{ exists: true }])],
    ['an attribute that exists', newImage('status', 'S', [{ exists: false }])],
    ['an object, which is not a leaf', { dynamodb: { OldImage: [{ exists: true }] } }],
  ])('does not match %s', (_, pattern) => {
    expect(matches(pattern)).toBe(false);
  });

  test('one matching pattern of several is enough, and without patterns every event passes', () => {
    expect(matches({ eventName: ['INSERT'] }, { eventName: ['MODIFY'] })).toBe(true);
    expect(matches({ eventName: ['INSERT'] }, { eventName: ['REMOVE'] })).toBe(false);
    expect(matches()).toBe(true);
    expect(compileFilters(undefined, '')(record)).toBe(true);
  });

  test.each([
    ['an unknown operator', { eventName: [{ numeric: ['>', 3] }] }, 'filterPatterns[0].eventName: unsupported filter'],
    ['two operators in one object', { eventName: [{ prefix: 'a', suffix: 'b' }] }, 'must stand alone'],
    ['exists without a boolean', { eventName: [{ exists: 'yes' }] }, 'exists must be true or false'],
    ['a value without an array', { eventName: 'INSERT' }, 'filterPatterns[0].eventName must be an object'],
    ['an empty array', { eventName: [] }, 'at least one value'],
    ['an empty object', { dynamodb: {} }, 'must be an object with properties'],
    ['anything-but of an object', { eventName: [{ 'anything-but': { numeric: [] } }] }, 'anything-but must be'],
    ['$or with one pattern', { $or: [{ eventName: ['INSERT'] }] }, 'at least two patterns'],
  ])('refuses %s at the start', (_, pattern, message) => {
    expect(() => compileFilters([pattern], 'filterPatterns')).toThrow(message);
  });
});

describe('parseBatchResponse', () => {
  const parse = (json: string, reports = true) => parseBatchResponse({ json }, reports, new Set(['1', '2']));

  test.each(['null', '{}', '{"batchItemFailures":null}', '{"batchItemFailures":[]}'])('%s is success', (json) => {
    expect(parse(json)).toEqual(new Set());
  });

  test('the identifiers of failed items are returned', () => {
    expect(parse('{"batchItemFailures":[{"itemIdentifier":"2"}]}')).toEqual(new Set(['2']));
  });

  test.each([
    '"text"',
    '[]',
    '{"batchItemFailures":{}}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"identifier":"1"}]}',
    '{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"3"}]}',
  ])('%s fails the whole batch', (json) => {
    expect(parse(json)).toBe('all');
  });

  test('without ReportBatchItemFailures, only a failed call fails the batch', () => {
    expect(parse('{"batchItemFailures":[{"itemIdentifier":"1"}]}', false)).toEqual(new Set());
    expect(parseBatchResponse('failed', false, new Set())).toBe('all');
  });
});

function configWith(...events: object[]): ServerlessConfig {
  return {
    provider: { region: 'ap-southeast-1' },
    functions: { consumer: { name: 'c', handler: 'functions/consumer.handler', events: events } },
    resources: {
      Resources: {
        Rows: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'rows' } },
        Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
      },
    },
  };
}

describe('event source mappings', () => {
  const stream = { type: 'dynamodb', arn: { 'Fn::GetAtt': ['Rows', 'StreamArn'] } };
  const sqs = { arn: { 'Fn::GetAtt': ['Work', 'Arn'] } };

  test('the defaults are those of the framework', () => {
    expect(streamMappings(configWith({ stream }))).toMatchObject([
      {
        functionKey: 'consumer',
        tableName: 'rows',
        batchSize: 10,
        startingPosition: 'TRIM_HORIZON',
        reportsFailures: false,
        bisects: false,
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: -1,
      },
    ]);
    expect(queueMappings(configWith({ sqs }))).toMatchObject([
      { functionKey: 'consumer', queueName: 'work', batchSize: 10, maximumBatchingWindow: 0, reportsFailures: false },
    ]);
  });

  test('a disabled mapping and other events are ignored', () => {
    const config = configWith(
      { stream: { ...stream, enabled: false } },
      { sqs: { ...sqs, enabled: false } },
      { httpApi: 'GET /' },
    );
    expect(streamMappings(config)).toEqual([]);
    expect(queueMappings(config)).toEqual([]);
  });

  test.each([
    ['a stream given by its ARN', { stream: 'arn:aws:dynamodb:...' }, 'stream must be an object'],
    ['a Kinesis stream', { stream: { ...stream, type: 'kinesis' } }, 'with type dynamodb'],
    ['an unknown table', { stream: { ...stream, arn: { 'Fn::GetAtt': ['Other', 'StreamArn'] } } }, '<table>.StreamArn'],
    ['the ARN of the table itself', { stream: { ...stream, arn: { 'Fn::GetAtt': ['Rows', 'Arn'] } } }, '.StreamArn'],
    ['an unsupported property of a stream', { stream: { ...stream, batchWindow: 1 } }, 'does not support batchWindow'],
    ['a position by time', { stream: { ...stream, startingPosition: 'AT_TIMESTAMP' } }, 'must be one of'],
    ['an unsupported property of a queue', { sqs: { ...sqs, filterPatterns: [] } }, 'does not support filterPatterns'],
    ['an unknown queue', { sqs: { arn: { 'Fn::GetAtt': ['Other', 'Arn'] } } }, '<queue>.Arn'],
    ['a large batch without a window', { sqs: { ...sqs, batchSize: 11 } }, 'needs a maximumBatchingWindow'],
  ])('%s is refused at the start', (_, event, message) => {
    const config = configWith(event);
    expect(() => [streamMappings(config), queueMappings(config)]).toThrow(message);
  });
});

describe('schedules', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const MINUTE = 60_000;

  test('a function runs at its rate, for the first time one interval after the start', async () => {
    const invoke = jest.fn((_: string, event: unknown) => Promise.resolve({ json: JSON.stringify(event) }));
    const stop = startSchedules(schedulesOf(configWith({ schedule: 'rate(5 minutes)' })), invoke);
    await jest.advanceTimersByTimeAsync(5 * MINUTE - 1);
    expect(invoke).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(invoke).toHaveBeenCalledWith('consumer', expect.objectContaining({ 'detail-type': 'Scheduled Event' }));
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(invoke).toHaveBeenCalledTimes(3);
    stop();
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(invoke).toHaveBeenCalledTimes(3);
  });

  test('a run is skipped while the one before is under way', async () => {
    let end: () => void = () => undefined;
    const invoke = jest.fn(
      () =>
        new Promise<{ json: string }>(
          (resolve) =>
            (end = () => {
              resolve({ json: '' });
            }),
        ),
    );
    const stop = startSchedules(schedulesOf(configWith({ schedule: 'rate(1 minute)' })), invoke);
    await jest.advanceTimersByTimeAsync(3 * MINUTE);
    expect(invoke).toHaveBeenCalledTimes(1);
    end();
    await jest.advanceTimersByTimeAsync(MINUTE);
    expect(invoke).toHaveBeenCalledTimes(2);
    stop();
  });

  test('intervals come from minutes, hours and days; cron and disabled schedules run only by hand', () => {
    const config = configWith(
      { schedule: 'rate(1 minute)' },
      { schedule: { rate: ['rate(2 hours)', 'rate(1 day)'], input: { key: 'value' } } },
      { schedule: 'cron(0 12 * * ? *)' },
      { schedule: { rate: ['rate(1 minute)'], enabled: false } },
      { httpApi: 'GET /' },
    );
    const schedules = schedulesOf(config);
    expect(schedules.map(({ intervals }) => intervals)).toEqual([[MINUTE], [120 * MINUTE, 1440 * MINUTE], [], []]);
    expect(schedules[0]).toMatchObject({ functionKey: 'consumer', fileName: 'consumer' });
    expect(schedules[1]?.createEvent()).toEqual({ key: 'value' });
  });
});
