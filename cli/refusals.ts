import { describe } from '../lib/platform/log';
import { vodRefusal } from './vod/refusal';
import { inOneLine } from './terminal/printable';
import { codeOf } from './vod/client';

/** What a call of AWS needs. */
export interface AwsNeed {
  /** The IAM action, for example `ssm:PutParameter`. */
  readonly action: string;
  readonly resource?: string;
}

const CREDENTIALS = 'the AWS credentials (AWS_PROFILE, or the keys in the shell and .env)';

/** Whether AWS refused a call because the caller lacks a right. */
export function isDenied(error: unknown): boolean {
  return /^(AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError)/.test(describe(error).error);
}

/** Whether AWS limited the rate of calls: then nothing is known about the deployment. */
export function isBusy(error: unknown): boolean {
  return /Throttl|TooManyRequests|RequestLimitExceeded/.test(describe(error).error);
}

/** Whether the same call may succeed later: AWS throttled it, failed, or did not respond. */
export function isTransient(error: unknown): boolean {
  const { error: name } = describe(error);
  const { $metadata: metadata } = error as { $metadata?: { readonly httpStatusCode?: number } };
  const isServerError = (metadata?.httpStatusCode ?? 0) >= 500 || name === 'InternalServerError';
  return isBusy(error) || name === 'LimitExceededException' || isServerError || networkCode(error) !== undefined;
}

/** What an error of an AWS call means, and what to do about it, in one line. */
export function explainAws(error: unknown, need: AwsNeed): string {
  const { error: name, reason } = describe(error);
  const text = inOneLine(reason);
  const detail = text === '' ? name : `${name}: ${text}`;
  if (isDenied(error)) return `${allow(text, need)} (${detail})`;
  if (/^(ExpiredToken|TokenRefreshRequired|RequestExpired)/.test(name)) {
    return `${CREDENTIALS} have expired: log in again, or renew them (${detail})`;
  }
  if (
    /^(UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch)/.test(name)
  ) {
    return `AWS does not accept ${CREDENTIALS}: correct them, or set this machine's clock (${detail})`;
  }
  if (/^(CredentialsProvider|TokenProvider)Error/.test(name)) {
    return `there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (${text})`;
  }
  if (isBusy(error)) return `AWS is busy (${name}): run this again`;
  const code = networkCode(error);
  if (code !== undefined) {
    return `AWS does not respond (${code}): check the network, --region, and the proxy in HTTPS_PROXY if you need one`;
  }
  return `AWS returned ${detail}`;
}

/** Which right is missing: AWS's message names it, but for some actions of some services. */
function allow(message: string, { action, resource }: AwsNeed): string {
  const [, named = action, where] = /to perform: ([\w-]+:\w+)(?: on resource: (\S+))?/.exec(message) ?? [];
  const on = where ?? (named === action ? resource : undefined);
  return `allow ${named}${on === undefined ? '' : ` on ${on}`}`;
}

/** Why there was no response, such as ENOTFOUND; undefined for an error that AWS returned. */
function networkCode(error: unknown): string | undefined {
  const { name, code, $metadata: metadata } = error as { name?: unknown; code?: unknown; $metadata?: unknown };
  if (name === 'TimeoutError') return 'no response in time';
  const hasStatus = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  return typeof code === 'string' && !hasStatus ? code : undefined;
}

export interface VodCall {
  /** VOD's name of it, for example `ModifyEventConfig`. */
  readonly action: string;
  /** The parameter of the key pair. */
  readonly keyName: string;
  readonly vodSubAppId: number | undefined;
}

/** What an error of a VOD call means, and what to do about it, in one line. */
export function explainVod(error: unknown, { action, keyName, vodSubAppId }: VodCall): string {
  const { kind, code } = vodRefusal(error);
  const reason = inOneLine(describe(error).reason);
  const detail = reason === '' || reason === code ? code : `${code}: ${reason}`;
  switch (kind) {
    case 'unknown-key':
      return `VOD does not know the secretId of ${keyName}: store an enabled key pair of this account (${detail})`;
    case 'wrong-key':
      return `the secretKey of ${keyName} does not belong to its secretId: store both of one key (${detail})`;
    case 'temporary-key':
      return `${keyName} contains a temporary key: store a permanent one, it cannot sign uploads (${detail})`;
    case 'clock':
      return `this machine's clock is wrong: set it (${detail})`;
    case 'not-activated':
      return `VOD is not activated for the account of the key in ${keyName}: activate it in the console, or correct VOD_SUB_APP_ID (${detail})`;
    case 'account':
      return `VOD refuses the account of the key in ${keyName}: look for overdue payment, suspension or missing verification in its console (${detail})`;
    case 'application':
      return vodSubAppId === undefined
        ? `VOD_SUB_APP_ID is missing, and accounts opened since 2023-12-25 must name their application: set it and deploy again (${detail})`
        : `VOD_SUB_APP_ID ${vodSubAppId} is not an application of the account of the key in ${keyName}: correct one of them (${detail})`;
    case 'denied':
      return `allow vod:${action} for the key of ${keyName} (${detail})`;
    case 'transient':
      return codeOf(error) === undefined
        ? `VOD does not respond (${detail}): check the network, VOD_API_URL, and the proxy if you need one`
        : `VOD is busy: run this again (${detail})`;
    case 'other':
      return `VOD refuses ${action} (${detail})`;
  }
}
