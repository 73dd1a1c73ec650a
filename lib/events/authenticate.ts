import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { RequestError, ServiceError } from '../platform/errors';
import { rawBody } from '../platform/http';
import { parseJson } from '../platform/json';
import { describe, type Log } from '../platform/log';
import type { Pauses } from '../platform/retry';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import { isWellFormedSign, isSignValid, isWellFormedToken, isTokenValid } from './callback-authentication';
import type { WebhookConfig } from './config';
import { identifyMessage } from './identify';

const MAX_BODY_BYTES = 1024 * 1024;
/** Time that is reserved for the response and the log line when secrets cannot be read, in milliseconds. */
const RESERVE = 2_000;
/** Pauses between attempts to read secrets: longer than those of signing, see {@link authenticator}. */
const SECRET_PAUSES: Pauses = { first: 2_000, max: 4_000 };

export interface AuthenticatorDeps {
  readonly config: Pick<WebhookConfig, 'tokenParameter' | 'signKeyParameter' | 'sealParameter'>;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

export interface AuthenticatedMessage {
  /** The body's JSON. */
  readonly message: unknown;
  /** The keys that open source contexts. */
  readonly sealKeys: readonly string[];
}

type Request = APIGatewayProxyEventV2;

/**
 * Authenticates posts to the webhook. Everyone can post there, and signing reads its secrets from the same SSM, which takes
 * 40 calls a second of an account in a region. So that posts without a credential do not use up what signing needs:
 *
 * - A post without a token of the right form, or without a Sign and T of the right form, is refused before any secret is
 *   read. The forms are public rules, so a refusal reveals nothing about the secrets.
 * - An instance reads its secrets once in five minutes for all posts, and caches a failed first read for a second.
 * - After a throttled read it pauses longer than signing does, so that signing makes most of the attempts.
 *
 * The remaining risk: only the secret shows that a well-formed token is wrong, so each *new* instance reads it for such
 * a post too. Lambda starts one for each concurrent post, but sends later posts to instances that have responded;
 * EVENTS_RATE limits the posts. Signing that is throttled for 6 s returns 503 with Retry-After. An account that needs
 * more turns on SSM's higher throughput.
 *
 * The function that it returns throws a RequestError, or a ServiceError with why secrets cannot be read and which event came.
 */
export function authenticator({ config, getParameters, now, log }: AuthenticatorDeps) {
  const { tokenParameter, signKeyParameter, sealParameter } = config;
  async function loadSecrets(timeout: number) {
    const names = [tokenParameter, signKeyParameter, sealParameter].filter((name) => name !== undefined);
    const value = await readParameters(getParameters, names, { timeout, pauses: SECRET_PAUSES });
    const versions = (name: string | undefined) => (name === undefined ? [] : parseSecretVersions(name, value(name)));
    return {
      tokens: versions(tokenParameter),
      signKeys: versions(signKeyParameter),
      sealKeys: versions(sealParameter),
    };
  }
  const secrets = cached(loadSecrets, now, log);

  async function readSecrets(request: Request, context: Context) {
    try {
      return await secrets(context.getRemainingTimeInMillis() - RESERVE);
    } catch (error) {
      throw new ServiceError(describe(error).reason, identifyMessage(parseReadable(request)));
    }
  }

  return async (request: Request, context: Context): Promise<AuthenticatedMessage> => {
    const query = new URLSearchParams(request.rawQueryString);
    if (tokenParameter === undefined) {
      assertAuthentic(hasExpiry(request, query), NO_SIGN);
    } else {
      const token = query.get('token');
      assertAuthentic(isWellFormedToken(token), NO_TOKEN);
      const { tokens } = await readSecrets(request, context);
      assertAuthentic(isTokenValid(token, tokens), NO_TOKEN);
    }
    const message = parseJson(rawBody(request, MAX_BODY_BYTES));
    if (message === undefined) {
      throw new RequestError('invalid-request', 'Cannot read event: the body must be JSON in UTF-8');
    }
    const places = { message, query, headers: request.headers };
    const seconds = Math.floor(now() / 1000);
    if (signKeyParameter !== undefined) assertAuthentic(isWellFormedSign(places, seconds), NO_SIGN);
    const { signKeys, sealKeys } = await readSecrets(request, context);
    if (signKeyParameter !== undefined) assertAuthentic(isSignValid(places, signKeys, seconds), NO_SIGN);
    return { message, sealKeys };
  };
}

const NO_TOKEN = 'Cannot accept event: the URL needs ?token= with the callback token';
const NO_SIGN = 'Cannot accept event: Sign and T are missing, expired or do not match the SignKey';

/** @throws RequestError `unauthorized` when the condition does not hold */
function assertAuthentic(isAuthentic: boolean, message: string): void {
  if (!isAuthentic) throw new RequestError('unauthorized', message);
}

/** Whether there is a `T` in one of its places; without parsing the body, because everyone can post. */
function hasExpiry(request: Request, query: URLSearchParams): boolean {
  if (query.has('T') || request.headers['t'] !== undefined) return true;
  return rawBody(request, MAX_BODY_BYTES).includes('"T"');
}

/** The body as JSON; `undefined` where it is too large or not JSON. */
function parseReadable(request: Request): unknown {
  try {
    return parseJson(rawBody(request, MAX_BODY_BYTES));
  } catch {
    return undefined;
  }
}
