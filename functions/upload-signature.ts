import { randomInt } from 'node:crypto';
import { signerConfig } from '../lib/platform/env';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { signUpload } from '../lib/signing/issue';

/** `POST /upload-signature`, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: parameterReader(process.env, Date.now),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log: writeLine,
});
