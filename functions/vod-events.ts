import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { webhookConfig } from '../lib/platform/env';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { recordEvent } from '../lib/events/webhook';

/** `POST /vod-events`, see {@link recordEvent}. */
export const handler = recordEvent({
  config: webhookConfig(process.env),
  getParameters: parameterReader(process.env, Date.now),
  // The table retries by itself, for longer than the client would.
  dynamodb: new DynamoDBClient({ maxAttempts: 1 }),
  now: Date.now,
  sleep,
  random: Math.random,
  log: writeLine,
});
