import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeLine as log } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { signerConfig } from '../lib/signing/config';
import { signUpload } from '../lib/signing/issue';
import { limitChecker } from '../lib/signing/limits';
import { limitsConfig } from '../lib/uploads/limits-config';

/** `POST /upload-signature` where MAX_BYTES or ALLOWED_CATEGORIES is set, see {@link signUpload}. */
export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: parameterReader(process.env, { now: Date.now, sleep, random: Math.random }),
  checkLimits: limitChecker({ limits: limitsConfig(process.env), log }),
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log,
});
