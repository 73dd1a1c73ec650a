import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { pullConfig } from '../lib/platform/env';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { pullEvents } from '../lib/events/pull';

/** Every minute where EVENT_MODE is pull, see {@link pullEvents}. */
export const handler = pullEvents({
  config: pullConfig(process.env),
  getParameters: parameterReader(process.env, Date.now),
  // The table retries by itself, for longer than the client would.
  dynamodb: new DynamoDBClient({ maxAttempts: 1 }),
  now: Date.now,
  sleep,
  random: Math.random,
  log: writeLine,
});
