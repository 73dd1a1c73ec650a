import { setTimeout as sleep } from 'node:timers/promises';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { uploadStore } from '../lib/uploads/store';
import { deleteUploadConfig } from '../lib/users/config';
import { deleteUpload } from '../lib/users/delete-upload';
import { vodApi } from '../lib/vod/api';
import { cachedKeyPair } from '../lib/vod/api-secrets';

const deps = { now: Date.now, sleep, random: Math.random };
const config = deleteUploadConfig(process.env);
const getParameters = parameterReader(process.env, deps);
const keyPair = cachedKeyPair({ name: config.keyParameter, getParameters, now: Date.now, log });

/** `DELETE /uploads/{fileId}`, see {@link deleteUpload}. */
export const handler = deleteUpload({
  store: uploadStore({ ...deps, dynamodb: dynamoDb(process.env, deps), tableName: config.tableName }),
  vod: vodApi({ ...deps, ...config, keyPair }),
  showsUrls: config.showsUrls,
  now: Date.now,
  log,
});
