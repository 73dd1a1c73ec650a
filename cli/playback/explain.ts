import type { Diagnosis } from '../signature/diagnose';
import { diagnoseKeyUrl, keyUrlPermission } from './diagnose-key-url';
import { diagnosePsign, psignPermission, splitJwt } from './diagnose-psign';
import type { PlaybackKeys } from './keys';

export interface Explanation {
  readonly diagnosis: Diagnosis;
  /** The caller that it was issued to. */
  readonly issuedTo?: string | undefined;
  /** The access that it grants, and its expiry. */
  readonly permission?: string | undefined;
  /** The environment variable with the key that verifies it, if no deployment is given. */
  readonly keyVariable: string;
}

/** Explains a psign, a URL that contains one, or a signed URL; returns `undefined` for any other text. */
export function explainPlayback(text: string, keys: PlaybackKeys, nowSeconds: number): Explanation | undefined {
  const bare = text.trim().replace(/^(["'])(.*)\1$/s, '$2');
  const isUrl = /^https?:\/\//i.test(bare) && URL.canParse(bare);
  const psign = isUrl ? new URL(bare).searchParams.get('psign') : bare;
  if (psign !== null && splitJwt(psign)) {
    const diagnosis = diagnosePsign(psign, keys, nowSeconds);
    return { diagnosis, permission: psignPermission(diagnosis, nowSeconds), keyVariable: 'VOD_PLAYER_KEY' };
  }
  // A request with an upload signature in its query is not a media URL.
  if (!isUrl || new URL(bare).searchParams.has('signature')) return undefined;
  const diagnosis = diagnoseKeyUrl(bare, keys, nowSeconds);
  return { diagnosis, permission: keyUrlPermission(diagnosis, nowSeconds), keyVariable: 'VOD_URL_KEY' };
}
