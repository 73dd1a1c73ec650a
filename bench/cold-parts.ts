// functions/upload-signature.ts, which also measures how long reading the secrets takes.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeLine } from '../lib/platform/log';
import { parameterReader } from '../lib/platform/ssm';
import { signerConfig } from '../lib/signing/config';
import { signUpload } from '../lib/signing/issue';

const read = parameterReader(process.env, { now: Date.now, sleep, random: Math.random });

/** Milliseconds that the last read took. */
export let secretRead = NaN;

export const handler = signUpload({
  config: signerConfig(process.env),
  getParameters: async (names) => {
    const start = performance.now();
    const values = await read(names);
    secretRead = performance.now() - start;
    return values;
  },
  now: Date.now,
  random: () => randomInt(2 ** 32),
  log: writeLine,
});
