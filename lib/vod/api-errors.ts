/** A call that VOD refused, with VOD's `code` (for example AuthFailure.SignatureFailure), or did not respond. */
export class VodError extends Error {
  override readonly name = 'VodError';

  /** @param action of VOD's server API */
  constructor(
    action: string,
    reason: string,
    readonly code?: string,
  ) {
    super(`Cannot call ${action}: ${reason}`);
  }
}

/** VOD's error code; `undefined` where VOD did not respond. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const NOT_ACTIVATED = "VOD is not activated for the key's account, or VOD_SUB_APP_ID is an application of another one";
const NOT_ALLOWED = "allow vod:ACTION in the CAM policy of the key's user, see docs/verification.md";

/**
 * Codes with which VOD refuses the account, its key or its application, and so every call; each with what to do. From
 * https://cloud.tencent.com/document/api/266/31774 and the error lists of the vendor's SDKs.
 */
const ACCOUNT_ERRORS: readonly (readonly [code: RegExp, advice: string])[] = [
  [/^AuthFailure\.(SecretIdNotFound|InvalidSecretId)/, 'store an enabled key pair of this account'],
  [/^AuthFailure\.SignatureFailure/, 'the secretKey does not belong to the secretId: store both of one key pair'],
  [/^AuthFailure\.TokenFailure/, 'this is a temporary key: store a permanent one'],
  [/^AuthFailure\.SignatureExpire/, "this machine's clock differs from VOD's by over five minutes: set it"],
  [/UnauthorizedOperation|^FailedOperation\.NoPrivileges/, NOT_ALLOWED],
  [/^AuthFailure/, 'store an enabled key pair of this account'],
  [/^FailedOperation\.Invalid(VodUser|Account)/, NOT_ACTIVATED],
  [/^InvalidParameterValue\.AppId/, NOT_ACTIVATED],
  [/^ResourceNotFound\.(UserNotExist|ServiceNotExist)/, NOT_ACTIVATED],
  [/^InvalidParameterValue\.SubAppId/, "VOD_SUB_APP_ID is missing, or not an application of the key's account"],
  [/^FailedOperation\.UserStatusIn(av|va)lid/, "VOD is suspended for the key's account: look at its balance"],
  [/^Ip(InBlacklist|NotInWhitelist)/, 'the key is not allowed to be used from the addresses of the functions'],
];

/** Whether VOD refused the account, its key or its application, and so every call. */
export function isAccountError(error: unknown): boolean {
  return accountErrorOf(codeOf(error) ?? '') !== undefined;
}

/** Advice for the operator when VOD refuses a call with this code; `undefined` if the code is about the call alone. */
export function adviseOn(code: string, action: string): string | undefined {
  return accountErrorOf(code)?.[1].replace('ACTION', action);
}

function accountErrorOf(code: string) {
  return ACCOUNT_ERRORS.find(([pattern]) => pattern.test(code));
}

/** Whether VOD refused a call because there were too many. */
export function isRateError(error: unknown): boolean {
  return codeOf(error)?.startsWith('RequestLimitExceeded') === true;
}

/** Codes of a VOD that is busy or failed by itself. `NetWorkError` is VOD's spelling. */
const TRANSIENT = /^(RequestLimitExceeded|InternalError|ServiceUnavailable|FailedOperation\.(Net[Ww]orkError|DBError))/;

/** Whether a retry of the same request may succeed: VOD did not respond, failed, or limited the rate. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.test(codeOf(error) ?? 'InternalError');
}
