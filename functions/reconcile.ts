import { setTimeout as sleep } from 'node:timers/promises';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine as log } from '../lib/platform/log';
import { messageSender } from '../lib/platform/sqs';
import { parameterReader, parameterWriter } from '../lib/platform/ssm';
import { uploaderIndex } from '../lib/uploads/by-uploader';
import { uploadStore } from '../lib/uploads/store';
import { reconcileConfig } from '../lib/verification/config';
import { delayQueue } from '../lib/verification/delay-queue';
import { reconcile } from '../lib/verification/reconcile';
import { vodApi } from '../lib/vod/api';
import { apiSecrets } from '../lib/vod/api-secrets';

const deps = { now: Date.now, sleep, random: Math.random };
const config = reconcileConfig(process.env);
const { checkpointParameter, limits, tableName } = config;
const getParameters = parameterReader(process.env, deps);
const putParameter = parameterWriter(process.env, deps);
const secrets = apiSecrets({ config, getParameters, now: Date.now, log });
const dynamodb = dynamoDb(process.env, deps);

/** Every five minutes, see {@link reconcile}. */
export const handler = reconcile({
  store: uploadStore({ ...deps, dynamodb, tableName }),
  vod: vodApi({ ...deps, ...config, keyPair: async () => (await secrets()).pair }),
  sealKeys: async () => (await secrets()).sealKeys,
  limits,
  ...(limits.uploadsPerDay !== undefined && { uploaderIndex: uploaderIndex({ ...deps, dynamodb, tableName }) }),
  delayQueue: delayQueue({ ...deps, ...config, sendMessages: messageSender(process.env, deps) }),
  checkpoint: {
    read: async () => (await getParameters([checkpointParameter])).get(checkpointParameter) ?? '',
    write: (value) => putParameter(checkpointParameter, value),
  },
  now: Date.now,
  sleep,
  log,
});
