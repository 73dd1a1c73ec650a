import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { apiSecrets } from '../lib/vod/api-secrets';
import { reconcileConfig } from '../lib/platform/env';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader, parameterWriter } from '../lib/platform/ssm';
import { reconcile } from '../lib/verification/reconcile';
import { vodApi } from '../lib/vod/api';

const { now } = Date;
const config = reconcileConfig(process.env);
const getParameters = parameterReader(process.env, now);
const putParameter = parameterWriter(process.env, now);
const secrets = apiSecrets({ config, getParameters, now, log });
const { tableName, url, subAppId, checkpointParameter } = config;

/** Every five minutes, see {@link reconcile}. */
export const handler = reconcile({
  dynamodb: new DynamoDBClient(),
  tableName,
  vodUntil: (deadline) => {
    const keyPair = async () => (await secrets()).pair;
    return vodApi({ url, subAppId, keyPair, deadline, now, sleep, random: Math.random });
  },
  sealKeys: async () => (await secrets()).sealKeys,
  checkpoint: {
    read: async () => (await getParameters([checkpointParameter])).get(checkpointParameter) ?? '',
    write: (value) => putParameter(checkpointParameter, value),
  },
  now,
  log,
});
