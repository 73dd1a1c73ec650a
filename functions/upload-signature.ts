import { randomInt } from 'node:crypto';
import { SSMClient } from '@aws-sdk/client-ssm';
import { signerConfig } from '../lib/config';
import { writeLine } from '../lib/log';
import { signUpload } from '../lib/sign-upload';

/** `POST /upload-signature`, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  ssm: new SSMClient(),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log: writeLine,
});
