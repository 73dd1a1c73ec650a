import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError, unavailableError } from '../platform/errors';
import { endpoint, rawBody } from '../platform/http';
import { describe, type Log } from '../platform/log';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import { callerOf } from '../uploads/caller';
import { keyPair } from '../vod/key-pair';
import { maxTextBytes, seal } from '../vod/source-context';
import type { SignerConfig } from './config';
import { limitViolations } from './limits';
import { applyPolicy } from './policy';
import type { SecondsToQuota } from './quota';
import { parseRequest } from './request';
import { sign } from './signature';
import { tokenBucket } from './token-bucket';
import { uniqueRandom } from './unique-random';

const MAX_BODY_BYTES = 16 * 1024;
/** Left of the function's time for its response, in milliseconds. */
const RESERVE = 1_000;

export interface SignerDeps {
  readonly config: SignerConfig;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** An integer from 0 to 2^32 - 1, from a CSPRNG. */
  readonly random: () => number;
  /** Absent without the limit `uploadsPerDay`. */
  readonly secondsToQuota?: SecondsToQuota;
  readonly log: Log;
}

/** `POST /upload-signature`: a signature that lets the caller of the token upload straight to VOD (266/9221). */
export function signUpload({ config, getParameters, now, random, secondsToQuota, log }: SignerDeps) {
  const { keyParameter, sealParameter, policy, rate, limits } = config;
  const nextRandom = uniqueRandom(random);
  const secondsToWait = rate && tokenBucket(rate);
  async function readSecrets() {
    const value = await readParameters(getParameters, [keyParameter, sealParameter]);
    const [sealKey] = parseSecretVersions(sealParameter, value(sealParameter));
    return { ...keyPair(keyParameter, value(keyParameter)), sealKey };
  }
  const secrets = cached(readSecrets, now, log);

  async function checkQuota(caller: string, remaining: number): Promise<void> {
    const seconds = await secondsToQuota?.(caller, now() + remaining - RESERVE).catch((error: unknown) => {
      log({ level: 'error', outcome: 'read-failed', ...describe(error) });
      throw unavailableError('sign upload', 'the table');
    });
    if (seconds)
      throw tooManyError(`the limit of ${limits.uploadsPerDay ?? 0} uploads in 24 hours is reached`, seconds);
  }

  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event, context) => {
    const caller = callerOf(event, 'sign upload');
    const wait = secondsToWait?.(caller, now()) ?? 0;
    if (wait > 0) throw tooManyError('rate limit exceeded', wait);
    const request = parseRequest(rawBody(event, MAX_BODY_BYTES));
    const { validFor, oneTimeValid, parameters } = applyPolicy(request, policy);
    const violations = limitViolations(request, limits);
    if (violations.length > 0) {
      throw new RequestError('invalid-request', 'Cannot sign upload: the limits of this service reject it', violations);
    }
    const { sourceContext: text = '' } = request;
    const hasProcedure = parameters.procedure !== undefined;
    const maxBytes = maxTextBytes(caller, hasProcedure);
    if (Buffer.byteLength(text) > maxBytes) {
      const errors = [{ path: '/sourceContext', message: `must have at most ${maxBytes} bytes for this caller` }];
      throw new RequestError('invalid-request', 'Cannot sign upload: the source context is too long', errors);
    }

    await checkQuota(caller, context.getRemainingTimeInMillis());
    const { secretId, secretKey, sealKey } = await secrets().catch((error: unknown) => {
      log({ level: 'error', outcome: 'secrets-unavailable', ...describe(error) });
      throw unavailableError('sign upload', 'the secret store');
    });
    const currentTimeStamp = Math.floor(now() / 1000);
    const expireTime = currentTimeStamp + validFor;
    const sourceContext = seal(text, caller, hasProcedure, sealKey);
    const identity = { secretId, currentTimeStamp, expireTime, random: nextRandom(currentTimeStamp), sourceContext };
    const signature = sign({ ...parameters, ...identity, ...(oneTimeValid && { oneTimeValid: 1 }) }, secretKey);
    return { body: { signature, expireTime, oneTimeValid }, log: { outcome: 'signed', oneTimeValid, validFor } };
  }, log);
}

function tooManyError(why: string, seconds: number): RequestError {
  const detail = `Cannot sign upload: ${why}, retry in ${seconds} s`;
  return new RequestError('too-many-requests', detail, [], { 'retry-after': String(seconds) });
}
