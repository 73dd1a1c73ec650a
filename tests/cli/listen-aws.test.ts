import { marshall } from '@aws-sdk/util-dynamodb';
import type { Notification } from '../../lib/notifications/announcement';
import { toItem, type Status } from '../../lib/uploads/row';
import { startAppServer, verifyWebhook, type AppServer } from '../support/app-server';
import { startAws, startListening, STREAM_ARN, type AwsActions, type Listening } from '../support/cli/listen';
import { until } from '../support/vod/vod-client';
import { confirmedRow } from '../support/unit/rows';

// `listen` against a deployed stage: a stub of AWS with shards that end, refusals and throttling.

const shard = (id: string, parentId?: string, isClosed = false) => ({
  ShardId: id,
  ...(parentId !== undefined && { ParentShardId: parentId }),
  SequenceNumberRange: { StartingSequenceNumber: '1', ...(isClosed && { EndingSequenceNumber: '9' }) },
});
const stream = (shards: readonly object[], streamStatus = 'ENABLED') => ({
  StreamDescription: { StreamArn: STREAM_ARN, StreamStatus: streamStatus, Shards: shards },
});
const mappings = (...names: string[]) => ({
  EventSourceMappings: names.map((name) => ({
    FunctionArn: `arn:aws:lambda:ap-southeast-1:111122223333:function:${name}`,
    State: 'Enabled',
  })),
});

/** A stage with a stream that has one shard without records, and one consumer. */
const DEFAULTS: AwsActions = {
  ListStreams: () => ({ Streams: [{ StreamArn: STREAM_ARN, StreamLabel: '2026-11-22T08:00:00.000' }] }),
  DescribeStream: () => stream([shard('open')]),
  GetShardIterator: ({ ShardId = '', ShardIteratorType = '' }) => ({
    ShardIterator: `${ShardId} ${ShardIteratorType}`,
  }),
  GetRecords: ({ ShardIterator = '' }) => ({ Records: [], NextShardIterator: ShardIterator }),
  ListEventSourceMappings: () => mappings('vod-client-upload-dev-uploadChanged'),
};

const environment = { ...process.env };
let laptop: AppServer;
let aws: Awaited<ReturnType<typeof startAws>> | undefined;
let listening: Listening | undefined;
beforeEach(async () => {
  laptop = await startAppServer();
});
afterEach(async () => {
  await listening?.stop();
  process.env = { ...environment };
  await Promise.all([aws?.close(), laptop.stop()]);
});

async function listen(actions: AwsActions, env: Readonly<Record<string, string>> = {}): Promise<Listening> {
  aws = await startAws({ ...DEFAULTS, ...actions });
  const keys = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
  process.env = { ...environment, ...keys, AWS_ENDPOINT_URL: aws.url };
  listening = await startListening(['--stage', 'dev', '--forward-to', laptop.url], env);
  return listening;
}

/**
 * The record of a row that became `status` at a time in milliseconds; by default in a minute, because listening starts
 * later than this is called.
 */
function record(version: number, status: Status, time = Date.now() + 60_000) {
  const row = { ...confirmedRow(), status, version };
  return {
    dynamodb: {
      Keys: { fileId: { S: row.fileId } },
      NewImage: marshall(toItem(row), { removeUndefinedValues: true }),
      SequenceNumber: `${version}`,
      ApproximateCreationDateTime: Math.floor(time / 1000),
    },
  };
}

const receivedTypes = (secret: string) =>
  laptop.received.map((webhook) => (verifyWebhook(webhook, secret) as Notification).type);

/** The secret that was made for this session. */
const printedSecret = ({ out }: Listening) => /secret (whsec_\S+)$/m.exec(out.join('\n'))?.[1] ?? '';

test('listen follows a shard that ends to its child, over an expired iterator, with a secret of the session', async () => {
  const iterators: string[] = [];
  let descriptions = 0;
  const pages: Record<string, object | string> = {
    'first LATEST': { Records: [record(1, 'ready')], NextShardIterator: 'expired' },
    expired: 'ExpiredIteratorException',
    'first AFTER_SEQUENCE_NUMBER': { Records: [record(2, 'rejected')] },
    'child TRIM_HORIZON': { Records: [record(3, 'deleted')], NextShardIterator: 'end' },
  };
  const running = await listen({
    DescribeStream: () => {
      descriptions += 1;
      const shards = [shard('old', 'trimmed', true), shard('first', 'old')];
      return stream(descriptions < 3 ? shards : [...shards, shard('child', 'first')]);
    },
    GetShardIterator: ({ ShardId = '', ShardIteratorType = '' }) => {
      iterators.push(`${ShardId} ${ShardIteratorType}`);
      return { ShardIterator: `${ShardId} ${ShardIteratorType}` };
    },
    GetRecords: ({ ShardIterator = '' }) => pages[ShardIterator] ?? { Records: [], NextShardIterator: ShardIterator },
  });
  await until(() => laptop.received.length === 3);
  expect(receivedTypes(printedSecret(running))).toEqual(['upload.ready', 'upload.rejected', 'upload.deleted']);
  expect(iterators).toEqual(['first LATEST', 'first AFTER_SEQUENCE_NUMBER', 'child TRIM_HORIZON']);
  expect(running.err).toEqual([]);
});

test('listen with an iterator that expires before the first record forwards only what is newer than its start', async () => {
  const running = await listen({
    GetRecords: ({ ShardIterator = '' }) => {
      if (ShardIterator === 'open LATEST') return 'ExpiredIteratorException';
      if (ShardIterator === 'end') return { Records: [], NextShardIterator: 'end' };
      const before = record(1, 'ready', Date.now() - 60_000);
      return { Records: [before, record(2, 'failed', Date.now() + 1_000)], NextShardIterator: 'end' };
    },
  });
  await until(() => laptop.received.length > 0);
  expect(receivedTypes(printedSecret(running))).toEqual(['upload.failed']);
});

test('listen reports once that DynamoDB throttles it, and resumes', async () => {
  let calls = 0;
  const running = await listen({
    GetRecords: () => {
      calls += 1;
      // The SDK itself makes four attempts.
      if (calls <= 4) return 'ThrottlingException';
      return { Records: calls === 5 ? [record(1, 'ready')] : [], NextShardIterator: 'end' };
    },
  });
  await until(() => laptop.received.length === 1);
  expect(running.err).toEqual([
    'The stream cannot be read (ThrottlingException): retrying',
    'The stream can be read again',
  ]);
});

test.each(['ListStreams', 'DescribeStream', 'GetShardIterator', 'GetRecords'])(
  'listen without the right dynamodb:%s exits 1 and names all rights that it needs',
  async (action) => {
    const { ended, err } = await listen({ [action]: () => 'AccessDeniedException' });
    expect(await ended).toBe(1);
    expect(err.join('\n')).toContain(`the AWS credentials lack dynamodb:${action} on `);
    expect(err.join('\n')).toContain(
      'listen needs dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams',
    );
  },
);

test.each<[string, AwsActions, RegExp]>([
  ['no stream', { ListStreams: () => ({ Streams: [] }) }, /the table \S+-uploads has no stream: .*vod -- check/],
  ['a disabled stream', { DescribeStream: () => stream([shard('a', 'b', true)], 'DISABLED') }, /stream is disabled/],
])('listen on a table with %s exits 1 with what to do', async (_, actions, message) => {
  const { ended, err } = await listen(actions);
  expect([await ended, err]).toEqual([1, [expect.stringMatching(message)]]);
});

test('listen warns when the stream already has a second consumer', async () => {
  const { err } = await listen({
    ListEventSourceMappings: () => mappings('vod-client-upload-dev-uploadChanged', 'my-consumer'),
  });
  expect(err).toEqual([
    expect.stringMatching(/already has 2 consumers: vod-client-upload-dev-uploadChanged, my-consumer\..*throttles/),
  ]);
});

test('listen without lambda:ListEventSourceMappings reports what it cannot check, and forwards', async () => {
  const { err, out } = await listen({ ListEventSourceMappings: () => 'AccessDeniedException' });
  expect(err).toEqual([
    expect.stringMatching(/^Cannot check .*second consumer.*the AWS credentials lack lambda:ListEventSourceMappings/),
  ]);
  expect(out.at(-1)).toMatch(/^ready/);
});

test('listen on a stage with NOTIFY_URL but without its secret exits 1 and names the parameter', async () => {
  const { ended, err } = await listen(
    { GetParameters: () => ({ Parameters: [] }) },
    { NOTIFY_URL: 'https://app.example.com/' },
  );
  expect([await ended, err]).toEqual([
    1,
    [
      expect.stringMatching(
        /\/vod-client-upload\/dev\/notify-secret is missing or empty: .*secrets create --stage dev/,
      ),
    ],
  ]);
});
