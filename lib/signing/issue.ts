import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError, tooManyRequestsError, unavailableError } from '../platform/errors';
import { endpoint, rawBody } from '../platform/http';
import { describe, type Log } from '../platform/log';
import type { Pauses } from '../platform/retry';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import { callerOf } from '../uploads/caller';
import { keyPair } from '../vod/key-pair';
import { maxTextBytes, seal } from '../vod/source-context';
import type { SignerConfig } from './config';
import type { CheckLimits } from './limits';
import { applyPolicy } from './policy';
import { parseRequest } from './request';
import { sign } from './signature';
import { tokenBucket } from './token-bucket';
import { uniqueRandom } from './unique-random';

const MAX_BODY_BYTES = 16 * 1024;
/** Left of the function's time for its response, in milliseconds. */
const RESERVE = 1_000;
/** Pauses between attempts to read secrets: short, because a user waits. */
const SECRET_PAUSES: Pauses = { first: 100, max: 500 };

export interface SignerDeps {
  readonly config: SignerConfig;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** An integer from 0 to 2^32 - 1, from a CSPRNG. */
  readonly random: () => number;
  /** Absent where no limit concerns signing: then its code is not loaded either. */
  readonly checkLimits?: CheckLimits;
  readonly log: Log;
}

/**
 * `POST /upload-signature`: a signature that lets the caller of the token upload straight to VOD (266/9221).
 *
 * A new instance reads its secrets before its first signature; a parameter store that throttles is retried for up to 6
 * s, then the response is 503 with Retry-After. What keeps others from using up the store: see
 * lib/events/authenticate.ts.
 */
export function signUpload({ config, getParameters, now, random, checkLimits, log }: SignerDeps) {
  const { keyParameter, sealParameter, policy, rate } = config;
  const nextRandom = uniqueRandom(random);
  const secondsToWait = rate && tokenBucket(rate);
  async function readSecrets(timeout: number) {
    const value = await readParameters(getParameters, [keyParameter, sealParameter], {
      timeout,
      pauses: SECRET_PAUSES,
    });
    const [sealKey] = parseSecretVersions(sealParameter, value(sealParameter));
    return { ...keyPair(keyParameter, value(keyParameter)), sealKey };
  }
  const secrets = cached(readSecrets, now, log);

  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event, context) => {
    const caller = callerOf(event, 'sign upload');
    const wait = secondsToWait?.(caller, now()) ?? 0;
    if (wait > 0) throw tooManyRequestsError('rate limit exceeded', wait);
    const request = parseRequest(rawBody(event, MAX_BODY_BYTES));
    const { validFor, oneTimeValid, parameters } = applyPolicy(request, policy);
    const { sourceContext: text = '' } = request;
    const hasProcedure = parameters.procedure !== undefined;
    const maxBytes = maxTextBytes(caller, hasProcedure);
    if (Buffer.byteLength(text) > maxBytes) {
      const errors = [{ path: '/sourceContext', message: `must have at most ${maxBytes} bytes for this caller` }];
      throw new RequestError('invalid-request', 'Cannot sign upload: the source context is too long', errors);
    }

    await checkLimits?.(request, caller, now() + context.getRemainingTimeInMillis() - RESERVE);
    const remaining = context.getRemainingTimeInMillis() - RESERVE;
    const { secretId, secretKey, sealKey } = await secrets(remaining).catch((error: unknown) => {
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
