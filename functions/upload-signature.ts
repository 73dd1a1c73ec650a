import { randomInt } from 'node:crypto';
import { signerConfig } from '../lib/config';
import { writeLine } from '../lib/log';
import { parameterReader } from '../lib/parameters';
import { signUpload } from '../lib/sign-upload';

/** `POST /upload-signature`, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: parameterReader(process.env, Date.now),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log: writeLine,
});
