import { setTimeout as sleep } from 'node:timers/promises';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { playbackFunctionConfig, playbackKeys } from '../lib/playback/config';
import { playbackRoute } from '../lib/playback/route';
import { uploadStore } from '../lib/uploads/store';

const deps = { now: Date.now, sleep, random: Math.random };
const config = playbackFunctionConfig(process.env);

/** `GET /uploads/{fileId}/playback`, see {@link playbackRoute}. */
export const handler = playbackRoute({
  config: config.playback,
  store: uploadStore({ ...deps, dynamodb: dynamoDb(process.env, deps), tableName: config.tableName }),
  keys: playbackKeys({ config, getParameters: parameterReader(process.env, deps), now: Date.now, log }),
  now: Date.now,
  log,
});
