import { setTimeout as sleep } from 'node:timers/promises';
import { webhookConfig } from '../lib/events/config';
import { recordEvent } from '../lib/events/webhook';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { uploadStore } from '../lib/uploads/store';

const deps = { now: Date.now, sleep, random: Math.random };
const config = webhookConfig(process.env);

/** `POST /vod-events`, see {@link recordEvent}. */
export const handler = recordEvent({
  config,
  store: uploadStore({ ...deps, dynamodb: dynamoDb(process.env, deps), tableName: config.tableName }),
  getParameters: parameterReader(process.env, deps),
  now: Date.now,
  log: writeLine,
});
