import { describe } from '../../lib/platform/log';
import { codeOf } from './client';

/**
 * The subject of an error of VOD's server API: the key pair, the machine's clock, VOD itself for the account, the
 * account, the application, the key's rights, or none of these, because it is transient and not due to the deployment.
 */
export type RefusalKind =
  | 'unknown-key'
  | 'wrong-key'
  | 'temporary-key'
  | 'clock'
  | 'not-activated'
  | 'account'
  | 'application'
  | 'denied'
  | 'transient'
  | 'other';

export interface VodRefusal {
  readonly kind: RefusalKind;
  /** VOD's code, or the reason why there is none. */
  readonly code: string;
}

/** Codes: https://cloud.tencent.com/document/api/266/31774, some also occur without the part before their last dot. */
const KINDS: readonly (readonly [RegExp, RefusalKind])[] = [
  [/^(?:AuthFailure\.)?(?:SecretIdNotFound|InvalidSecretId)/, 'unknown-key'],
  [/^(?:AuthFailure\.)?SignatureFailure/, 'wrong-key'],
  [/^(?:AuthFailure\.)?TokenFailure/, 'temporary-key'],
  [/^(?:AuthFailure\.)?SignatureExpire/, 'clock'],
  [/^(?:FailedOperation\.)?InvalidVodUser/, 'not-activated'],
  [/^(?:FailedOperation\.)?InvalidAccount/, 'account'],
  [/^(?:InvalidParameterValue\.)?SubAppId/, 'application'],
  [/UnauthorizedOperation/, 'denied'],
  [
    /^(?:RequestLimitExceeded|InternalError|ServiceUnavailable)|^FailedOperation\.(?:Net[Ww]orkError|DBError)/,
    'transient',
  ],
];

/** Classifies an error of the vendor's client. A call without a response, or with a server error, is transient. */
export function vodRefusal(error: unknown): VodRefusal {
  const code = codeOf(error);
  if (code !== undefined && !/^E[A-Z_]+$/.test(code)) {
    const [, kind = 'other'] = KINDS.find(([pattern]) => pattern.test(code)) ?? [];
    return { kind, code };
  }
  const { httpCode: status } = error as { readonly httpCode?: unknown };
  const isRefused = typeof status === 'number' && status < 500;
  const reason = describe(error).reason || 'no response';
  return {
    kind: isRefused ? 'other' : 'transient',
    code: code ?? (typeof status === 'number' ? `${status} ${reason}` : reason),
  };
}

/** Returns what to do about a transient error, which reveals nothing about the deployment. */
export function tryAgain({ code }: VodRefusal): string {
  return code.startsWith('RequestLimitExceeded')
    ? `VOD throttled the call (${code}), which is not a fault of the deployment: run check again in a minute`
    : `VOD is unavailable (${code}), which is not a fault of the deployment: run check again`;
}
