import { setTimeout as sleep } from 'node:timers/promises';
import { pullConfig } from '../lib/events/config';
import { pullEvents } from '../lib/events/pull';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { uploadStore } from '../lib/uploads/store';
import { vodApi } from '../lib/vod/api';
import { apiSecrets } from '../lib/vod/api-secrets';

const deps = { now: Date.now, sleep, random: Math.random };
const config = pullConfig(process.env);
const secrets = apiSecrets({ config, getParameters: parameterReader(process.env, deps), now: Date.now, log });

/** Every minute where EVENT_MODE is pull, see {@link pullEvents}. */
export const handler = pullEvents({
  store: uploadStore({ ...deps, dynamodb: dynamoDb(process.env, deps), tableName: config.tableName }),
  vod: vodApi({ ...deps, ...config, keyPair: async () => (await secrets()).pair }),
  sealKeys: async () => (await secrets()).sealKeys,
  now: Date.now,
  log,
});
