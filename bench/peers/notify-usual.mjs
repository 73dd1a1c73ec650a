// (a) Delivering a webhook the usual way: standardwebhooks, fetch, the AWS SDK's clients.
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Webhook } from 'standardwebhooks';
import { secretReader } from './secrets-usual.mjs';

const sqs = new SQSClient();
const { NOTIFY_URL, NOTIFY_SECRET_PARAMETER, NOTIFICATIONS_QUEUE_URL, NOTIFICATIONS_DEAD_LETTERS_URL } = process.env;
const secrets = secretReader(NOTIFY_SECRET_PARAMETER);
const PAUSES = [5, 30, 120, 600, 1_800];

async function post(id, body, secret) {
  const now = new Date();
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
  const options = { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(15_000) };
  const response = await fetch(NOTIFY_URL, options);
  await response.body?.cancel();
  return response;
}

async function deliver({ body: message, receiptHandle, attributes }, requestId) {
  const separator = message.indexOf('\n');
  const [id, body] = [message.slice(0, separator), message.slice(separator + 1)];
  const { [NOTIFY_SECRET_PARAMETER]: secret } = await secrets();
  const { ok, status } = await post(id, body, secret).catch(() => ({ ok: false }));
  console.log(JSON.stringify({ level: 'info', requestId, id, outcome: ok ? 'delivered' : 'failed', status }));
  if (ok) return;
  if (status === 410) {
    await sqs.send(new SendMessageCommand({ QueueUrl: NOTIFICATIONS_DEAD_LETTERS_URL, MessageBody: message }));
    return;
  }
  const VisibilityTimeout = PAUSES[Number(attributes.ApproximateReceiveCount) - 1] ?? 3_600;
  const change = { QueueUrl: NOTIFICATIONS_QUEUE_URL, ReceiptHandle: receiptHandle, VisibilityTimeout };
  await sqs.send(new ChangeMessageVisibilityCommand(change));
  throw new Error('not delivered');
}

export async function handler({ Records }, { awsRequestId }) {
  const results = await Promise.allSettled(Records.map((record) => deliver(record, awsRequestId)));
  const failed = Records.filter((_, index) => results[index].status === 'rejected');
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
