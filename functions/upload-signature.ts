import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { signerConfig } from '../lib/signing/config';
import { signUpload } from '../lib/signing/issue';

/** `POST /upload-signature`, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: parameterReader(process.env, { now: Date.now, sleep, random: Math.random }),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log: writeLine,
});
