import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { dynamoDb } from '../lib/platform/dynamodb';
import { integer, required } from '../lib/platform/env';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { signerConfig } from '../lib/signing/config';
import { signUpload } from '../lib/signing/issue';
import { limitChecker } from '../lib/signing/limits';
import { uploadQuota } from '../lib/signing/quota';
import { uploaderIndex } from '../lib/uploads/by-uploader';
import { limitsConfig } from '../lib/uploads/limits-config';

const deps = { now: Date.now, sleep, random: Math.random };
const uploadsPerDay = integer(process.env, 'UPLOADS_PER_DAY', 1);
const index = uploaderIndex({
  ...deps,
  dynamodb: dynamoDb(process.env, deps),
  tableName: required(process.env, 'TABLE_NAME'),
});

/** `POST /upload-signature` where UPLOADS_PER_DAY is set, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: parameterReader(process.env, deps),
  checkLimits: limitChecker({
    limits: limitsConfig(process.env),
    secondsToQuota: uploadQuota(index, uploadsPerDay, Date.now),
    log,
  }),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log,
});
