import { setTimeout as sleep } from 'node:timers/promises';
import { announcer } from '../lib/notifications/queue';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine as log } from '../lib/platform/log';
import { messageSender } from '../lib/platform/sqs';
import { parameterReader } from '../lib/platform/ssm';
import { uploaderIndex } from '../lib/uploads/by-uploader';
import { uploadStore } from '../lib/uploads/store';
import { uploadChangedConfig } from '../lib/verification/config';
import { deadLetters, delayQueue } from '../lib/verification/delay-queue';
import { uploadChanged } from '../lib/verification/upload-changed';
import { vodApi } from '../lib/vod/api';
import { apiSecrets, cachedKeyPair } from '../lib/vod/api-secrets';

const deps = { now: Date.now, sleep, random: Math.random };
const config = uploadChangedConfig(process.env);
const { limits, tableName, writeKeyParameter } = config;
const sendMessages = messageSender(process.env, deps);
const getParameters = parameterReader(process.env, deps);
const secrets = apiSecrets({ config, getParameters, now: Date.now, log });
const dynamodb = dynamoDb(process.env, deps);

/** Rows that an event has changed, from the table's stream and from the delay queue, see {@link uploadChanged}. */
export const handler = uploadChanged({
  store: uploadStore({ ...deps, dynamodb, tableName }),
  vod: vodApi({ ...deps, ...config, keyPair: async () => (await secrets()).pair }),
  sealKeys: async () => (await secrets()).sealKeys,
  limits,
  ...(limits.uploadsPerDay !== undefined && { uploaderIndex: uploaderIndex({ ...deps, dynamodb, tableName }) }),
  ...(writeKeyParameter !== undefined && {
    writeApi: vodApi({
      ...deps,
      ...config,
      keyPair: cachedKeyPair({ name: writeKeyParameter, getParameters, now: Date.now, log }),
    }),
  }),
  delayQueue: delayQueue({ ...deps, ...config, sendMessages }),
  deadLetters: deadLetters(sendMessages, config.deadLettersUrl),
  ...(config.notificationsUrl !== undefined && { announce: announcer(sendMessages, config.notificationsUrl, log) }),
  now: Date.now,
  log,
});
