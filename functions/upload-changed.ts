import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { announcer } from '../lib/notifications/queue';
import { writeLine as log } from '../lib/platform/log';
import { messageSender } from '../lib/platform/sqs';
import { parameterReader } from '../lib/platform/ssm';
import { uploadStore } from '../lib/uploads/store';
import { uploadChangedConfig } from '../lib/verification/config';
import { deadLetters, delayQueue } from '../lib/verification/delay-queue';
import { uploadChanged } from '../lib/verification/upload-changed';
import { vodApi } from '../lib/vod/api';
import { apiSecrets } from '../lib/vod/api-secrets';

const deps = { now: Date.now, sleep, random: Math.random };
const config = uploadChangedConfig(process.env);
const sendMessages = messageSender(process.env, deps);
const secrets = apiSecrets({ config, getParameters: parameterReader(process.env, deps), now: Date.now, log });

/** Rows that an event has changed, from the table's stream and from the delay queue, see {@link uploadChanged}. */
export const handler = uploadChanged({
  // The store retries by itself, for longer than the client would.
  store: uploadStore({ ...deps, dynamodb: new DynamoDBClient({ maxAttempts: 1 }), tableName: config.tableName }),
  vod: vodApi({ ...deps, ...config, keyPair: async () => (await secrets()).pair }),
  sealKeys: async () => (await secrets()).sealKeys,
  delayQueue: delayQueue({ ...deps, ...config, sendMessages }),
  deadLetters: deadLetters(sendMessages, config.deadLettersUrl),
  ...(config.notificationsUrl !== undefined && { announce: announcer(sendMessages, config.notificationsUrl) }),
  now: Date.now,
  log,
});
