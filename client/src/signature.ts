import type { Api } from './api';
import type { World } from './world';

/** A kept signature is replaced this long before it expires, in seconds. */
const MARGIN = 30;

interface Signed {
  readonly signature: string;
  /** Unix seconds. */
  readonly expireTime: number;
  readonly oneTimeValid: boolean;
}

export interface Signer {
  /** A signature that VOD accepts now: a fresh one in each call if it works only once. */
  readonly getSignature: () => Promise<string>;
  /** Makes the next call fetch a fresh one. */
  readonly dropSignature: () => void;
}

/** The signatures of one upload. All are requested with the same body, so that all carry the same source context. */
export function createSigner(world: World, api: Api, owner: { readonly user?: string }, body: object): Signer {
  let cached = '';
  let cachedUntil = 0;
  return {
    async getSignature() {
      if (world.now() >= cachedUntil) {
        const request = { method: 'POST', body, ...owner };
        const { signature, expireTime, oneTimeValid } = (await api.call('/upload-signature', request)) as Signed;
        // Its lifetime by the backend's clock, which the signature carries: the user's may be wrong by hours.
        const issued = /currentTimeStamp=(\d+)/.exec(world.decodeBase64(signature))?.[1];
        const lifetime = oneTimeValid ? 0 : expireTime - Number(issued) - MARGIN;
        cached = signature;
        cachedUntil = world.now() + 1000 * lifetime;
      }
      return cached;
    },
    dropSignature() {
      cachedUntil = 0;
    },
  };
}
