// (c) plus one secret read: the same as sign-sample-and-secret, with this project's own reader of parameters.
import { setTimeout as sleep } from 'node:timers/promises';
import { parameterReader } from '../../lib/platform/ssm';
import { sign } from './sign-sample.mjs';

const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER } = process.env;
const read = parameterReader(process.env, { now: Date.now, sleep, random: Math.random });
let pair;

export async function handler() {
  pair ??= JSON.parse((await read([VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER])).get(VOD_KEY_PARAMETER));
  return { statusCode: 200, body: sign(pair.secretId, pair.secretKey) };
}
