import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { startQueues } from '../local/services/queue';
import { startVod } from '../local/vod/server';
import { APP_ID } from '../local/vod/state';
import { startUploadsTable, TABLE_NAME } from '../tests/support/backend';
import { startParameters } from './parameters';
import { VOD_KEY } from './values';

export type Dependencies = Awaited<ReturnType<typeof startDependencies>>;

/** Starts the functions' dependencies on loopback: parameters, table, queues, VOD's server API, a webhook receiver. */
export async function startDependencies() {
  const directory = await mkdtemp(join(tmpdir(), 'vod-client-upload-bench-'));
  const parameters = await startParameters();
  const table = await startUploadsTable();
  await table.client.send(
    new CreateTableCommand({
      TableName: 'idempotency',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  const queueNames = ['Verification', 'VerificationDeadLetters', 'Notifications', 'NotificationsDeadLetters'];
  const queues = await startQueues(
    queueNames.map((name) => ({ name, visibilityTimeout: 30, delaySeconds: 0, retentionSeconds: 3_600 })),
  );
  const vod = await startVod({ port: 0, dataDir: directory, ...VOD_KEY, callbackUrl: '' });
  const receiver = await startReceiver();
  const env: Readonly<Record<string, string>> = {
    ...parameters.env,
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'x'.repeat(600),
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_SQS: queues.url,
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TABLE_NAME,
    IDEMPOTENCY_TABLE_NAME: 'idempotency',
    VERIFICATION_QUEUE_URL: queues.queueUrl('Verification'),
    VERIFICATION_DEAD_LETTERS_URL: queues.queueUrl('VerificationDeadLetters'),
    NOTIFICATIONS_QUEUE_URL: queues.queueUrl('Notifications'),
    NOTIFICATIONS_DEAD_LETTERS_URL: queues.queueUrl('NotificationsDeadLetters'),
    NOTIFY_URL: receiver.url,
    VOD_API_URL: vod.url,
    VOD_SUB_APP_ID: String(APP_ID),
    ONE_TIME_VALID: 'false',
    ONE_TIME_VALID_FIXED: 'false',
    VALID_FOR: '1800',
    VALID_FOR_MAX: '86400',
    PROCEDURES: 'LongVideoPreset',
    PLAYBACK_CONTENT: 'Original',
    PLAYBACK_APP_ID: String(APP_ID),
    PLAYBACK_SECONDS: '3600',
    REJECT_ACTION: 'keep',
  };
  return {
    env,
    table,
    vod,
    stop: async () => {
      parameters.stop();
      receiver.stop();
      await Promise.all([table.stop(), queues.close(), vod.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** An app's server that accepts every webhook at once. */
export async function startReceiver(onWebhook: (body: string) => void = () => undefined) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.writeHead(204).end();
      onWebhook(body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
