import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { endpoint, rawBody } from '../platform/http';
import { describe, type Log } from '../platform/log';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import { keyPair } from '../vod/key-pair';
import { isCaller, MAX_CALLER_BYTES, maxTextBytes, seal } from '../vod/source-context';
import type { SignerConfig } from './config';
import { applyPolicy } from './policy';
import { parseRequest } from './request';
import { sign } from './signature';
import { tokenBucket } from './token-bucket';
import { uniqueRandom } from './unique-random';

const MAX_BODY_BYTES = 16 * 1024;
/** `Retry-After` while the secret store is unavailable, in seconds. */
const RETRY_AFTER = 2;

export interface SignerDeps {
  readonly config: SignerConfig;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** An integer from 0 to 2^32 - 1, from a CSPRNG. */
  readonly random: () => number;
  readonly log: Log;
}

/** `POST /upload-signature`: a signature that lets the caller of the token upload straight to VOD (266/9221). */
export function signUpload({ config, getParameters, now, random, log }: SignerDeps) {
  const { keyParameter, sealParameter, policy, rate } = config;
  const nextRandom = uniqueRandom(random);
  const secondsToWait = rate && tokenBucket(rate);
  async function readSecrets() {
    const value = await readParameters(getParameters, [keyParameter, sealParameter]);
    const [sealKey] = parseSecretVersions(sealParameter, value(sealParameter));
    return { ...keyPair(keyParameter, value(keyParameter)), sealKey };
  }
  const secrets = cached(readSecrets, now, log);

  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event) => {
    const caller = callerOf(event);
    const wait = secondsToWait?.(caller, now()) ?? 0;
    if (wait > 0) throw rateLimitError(wait);
    const request = parseRequest(rawBody(event, MAX_BODY_BYTES));
    const { validFor, oneTimeValid, parameters } = applyPolicy(request, policy);
    const { sourceContext: text = '' } = request;
    const hasProcedure = parameters.procedure !== undefined;
    const maxBytes = maxTextBytes(caller, hasProcedure);
    if (Buffer.byteLength(text) > maxBytes) {
      const errors = [{ path: '/sourceContext', message: `must have at most ${maxBytes} bytes for this caller` }];
      throw new RequestError('invalid-request', 'Cannot sign upload: the source context is too long', errors);
    }

    const { secretId, secretKey, sealKey } = await secrets().catch((error: unknown) => {
      log({ level: 'error', outcome: 'secrets-unavailable', ...describe(error) });
      throw new RequestError('unavailable', UNAVAILABLE, [], { 'retry-after': String(RETRY_AFTER) });
    });
    const currentTimeStamp = Math.floor(now() / 1000);
    const expireTime = currentTimeStamp + validFor;
    const sourceContext = seal(text, caller, hasProcedure, sealKey);
    const identity = { secretId, currentTimeStamp, expireTime, random: nextRandom(currentTimeStamp), sourceContext };
    const signature = sign({ ...parameters, ...identity, ...(oneTimeValid && { oneTimeValid: 1 }) }, secretKey);
    return { body: { signature, expireTime, oneTimeValid }, log: { outcome: 'signed', oneTimeValid, validFor } };
  }, log);
}

const UNAVAILABLE = `Cannot sign upload: the secret store does not answer, retry in ${RETRY_AFTER} s`;

function rateLimitError(seconds: number): RequestError {
  const detail = `Cannot sign upload: rate limit exceeded, retry in ${seconds} s`;
  return new RequestError('too-many-requests', detail, [], { 'retry-after': String(seconds) });
}

function callerOf(event: APIGatewayProxyEventV2WithJWTAuthorizer): string {
  const { sub } = event.requestContext.authorizer.jwt.claims;
  if (isCaller(sub)) return sub;
  const rule = `the token needs a claim "sub" of 1 to ${MAX_CALLER_BYTES} bytes that are not all white space`;
  throw new RequestError('forbidden', `Cannot sign upload: ${rule}`);
}
