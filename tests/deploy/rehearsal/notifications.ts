import { isDeepStrictEqual } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Webhook } from 'standardwebhooks';
import type { Queues } from '../../../local/services/queue';
import type { Table } from '../../../local/services/table';
import { headersOf, type AppServer } from '../../support/app-server';

const QUEUE = 'NotifyAppQueue';
const NO_FAILURES = { batchItemFailures: [] };

export interface NotificationServices {
  readonly table: Table;
  readonly queues: Queues;
  /** The app's server, to which the packages deliver. */
  readonly app: AppServer;
  readonly secret: string;
  /** Calls a packaged function; resolves to its response. */
  readonly call: (name: string, event: object) => Promise<unknown>;
}

/**
 * Gives the change of a file's row to the packaged stream function, and the message that it queues to the packaged
 * notifyApp: once while the app returns 500, and once while it accepts. Returns a message for each thing that is wrong.
 */
export async function notificationProblems(fileId: string, services: NotificationServices): Promise<string[]> {
  const { table, queues, app, secret, call } = services;
  const problems: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (isDeepStrictEqual(found, wanted)) return;
    problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  };
  const row = (await table.rows()).find((one) => one['fileId'] === fileId);
  if (!row) return [`there is no row of ${fileId} to announce`];
  const change = {
    SequenceNumber: '1',
    OldImage: marshall({ ...row, status: 'uploaded', trust: 'pushed' }),
    NewImage: marshall(row),
  };
  expect('uploadChanged (confirmed)', await call('uploadChanged', { Records: [{ dynamodb: change }] }), NO_FAILURES);

  const [message] = queues.store.receive(QUEUE, { max: 1 });
  if (!message) return [...problems, 'uploadChanged queued no notification'];
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(message.sentAt) };
  const record = { messageId: message.id, receiptHandle: message.receiptHandle, body: message.body, attributes };
  const received = app.received.length;
  app.respondWith((response, _, attempt) => response.writeHead(attempt === 1 ? 500 : 204).end());
  const failures = { batchItemFailures: [{ itemIdentifier: message.id }] };
  expect('notifyApp (refused)', await call('notifyApp', { Records: [record] }), failures);
  expect('notifyApp (accepted)', await call('notifyApp', { Records: [record] }), NO_FAILURES);

  const webhooks = app.received.slice(received);
  expect('the number of webhooks', webhooks.length, 2);
  expect('the ids of the webhooks', new Set(webhooks.map(({ headers }) => headers['webhook-id'])).size, 1);
  for (const webhook of webhooks) {
    // Throws if the package of Standard Webhooks refuses the webhook.
    const verified = new Webhook(secret).verify(webhook.body, headersOf(webhook)) as { type: string; data: object };
    const { type, data } = verified;
    expect('the type of a webhook', type, 'upload.ready');
    expect('the file of a webhook', Reflect.get(data, 'fileId'), fileId);
  }
  queues.store.delete(QUEUE, message.receiptHandle);
  return problems;
}
