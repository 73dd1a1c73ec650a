import { describe } from '../lib/platform/log';
import { inOneLine } from './terminal/printable';

/** The permission that a call of AWS needs. */
export interface AwsNeed {
  /** The IAM action, for example `ssm:PutParameter`. */
  readonly action: string;
  readonly resource?: string;
}

const CREDENTIALS = 'the AWS credentials (AWS_PROFILE, or the keys in the shell and .env)';

/** Whether AWS refused a call because the caller lacks a permission. */
export function isDenied(error: unknown): boolean {
  return /^(AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError)/.test(describe(error).error);
}

/** Whether AWS limited the rate of calls, which reveals nothing about the deployment. */
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

/** Returns the meaning of an error of an AWS call, and what to do about it, in one line. */
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

/** Formats the missing permission: AWS's message names it, except for some actions of some services. */
function allow(message: string, { action, resource }: AwsNeed): string {
  const [, named = action, where] = /to perform: ([\w-]+:\w+)(?: on resource: (\S+))?/.exec(message) ?? [];
  const target = where ?? (named === action ? resource : undefined);
  const permission = target === undefined ? named : `${named} on ${target}`;
  return `the AWS credentials lack ${permission}: add it to their IAM policy`;
}

/** Returns why there was no response, such as ENOTFOUND; undefined for an error that AWS returned. */
function networkCode(error: unknown): string | undefined {
  const { name, code, $metadata: metadata } = error as { name?: unknown; code?: unknown; $metadata?: unknown };
  if (name === 'TimeoutError') return 'no response in time';
  const hasStatus = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  return typeof code === 'string' && !hasStatus ? code : undefined;
}
