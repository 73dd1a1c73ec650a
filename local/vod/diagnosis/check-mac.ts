import { isPart, redact } from './display';
import { exposedPair, isSwapped, secretsOf, wrongKeys, type KeyPair, type OtherKey } from './keys';
import { fits, searchMac, type MacToFind } from './mac-search';
import { isNearSecretKey, isSecretKeyShaped } from './names';
import { isPlaceholder, isValueless } from './not-a-signature';
import type { Report } from './rules';

export interface MacInput extends Omit<MacToFind, 'mac'> {
  /** Absent where its bytes are lost. */
  readonly mac: Buffer | undefined;
  readonly secretId: string | undefined;
  readonly pairs: readonly KeyPair[];
  readonly otherKeys: readonly OtherKey[];
  /** Whether the bytes are damaged, so that a MAC that does not match proves nothing. */
  readonly isDamaged: boolean;
}

export interface MacResult {
  /** Whether a known key made the MAC, over what was sent or is known to have been damaged after that. */
  readonly isVerified: boolean;
  /** Whether it is known how the MAC was made, so that the original is whole. */
  readonly isFound: boolean;
  /** Whether `secretId` contains a secret. */
  readonly isSecretExposed: boolean;
}

const NOTHING: MacResult = { isVerified: false, isFound: false, isSecretExposed: false };
/** Longest SecretId that is shown, in characters. */
const MAX_ID_LENGTH = 80;
const REPLACE = 'everyone who received this signature has the SecretKey, so replace this key pair now';

/** Checks the key and the signed text of the MAC, and reports their faults. */
export function checkMac(input: MacInput, report: Report): MacResult {
  const { secretId = '', pairs } = input;
  const exposed = secretId === '' ? undefined : exposedPair(secretId, pairs);
  if (exposed) return reportExposed(input, exposed, report);
  const swapped = pairs.find(isSwapped);
  if (swapped) {
    const name = swapped.secretId === undefined ? 'the key' : 'the key pair';
    report('known-key-swapped', `${name} to verify with has a SecretId as its SecretKey: correct it first`);
    return NOTHING;
  }
  const hasNoValue = secretId === '' || isValueless(secretId) || isPlaceholder(secretId);
  const own = pairs.filter((pair) => hasNoValue || pair.secretId === undefined || pair.secretId === secretId);
  const match = search(input, own);
  if (match?.[0]?.rule === 'secret-id-as-key' && isSecretKeyShaped(secretId)) {
    report('secret-key-as-id', `secretId has the form of a SecretKey, and is the key of the MAC: ${REPLACE}`);
    return { isVerified: false, isFound: true, isSecretExposed: true };
  }
  for (const { rule, message } of match ?? []) report(rule, message);
  const isUnknown = own.length === 0 && pairs.length > 0;
  if (match) {
    if (isUnknown) reportOtherId(input, report);
    return {
      isVerified: match.length === 0 && own.length > 0 && input.hash === 'sha1',
      isFound: true,
      isSecretExposed: false,
    };
  }
  if (isSecretKeyShaped(secretId) && !own.some((pair) => pair.secretId === secretId)) {
    // Without its key it cannot be known.
    const form = 'secretId has the form of a SecretKey, a SecretId begins with AKID or IKID';
    report('perhaps-swapped', `${form}: if the two are swapped, ${REPLACE}`);
    return { ...NOTHING, isSecretExposed: true };
  }
  if (isUnknown && !input.isDamaged) reportOtherId(input, report);
  const canSay = input.mac !== undefined && !input.isDamaged && input.hash === 'sha1' && !hasNoValue;
  if (canSay && own.length > 0) {
    report('wrong-mac', 'the MAC does not match: made with another SecretKey, over other bytes, or changed afterwards');
  }
  return NOTHING;
}

function search({ mac, secretId = '', otherKeys, ...rest }: MacInput, own: readonly KeyPair[]) {
  if (mac === undefined) return undefined;
  const keys = own.map(({ secretKey }) => secretKey);
  return searchMac({ ...rest, mac }, keys, wrongKeys(secretId, own, otherKeys));
}

/** The SecretKey is where the SecretId belongs. */
function reportExposed(input: MacInput, { secretId, secretKey }: KeyPair, report: Report): MacResult {
  const { mac, hash, forms } = input;
  const isKeyOf = (key: string) => mac !== undefined && forms.some((form) => fits({ mac, hash }, key, form));
  const isFound = isKeyOf(secretKey) || (secretId !== undefined && isKeyOf(secretId));
  const isPairSwapped = isSwapped({ secretId, secretKey });
  if (isPairSwapped || (secretId !== undefined && isKeyOf(secretId))) {
    const where = isPairSwapped ? ' in the key pair' : '';
    report('swapped', `SecretId and SecretKey are swapped${where}: ${REPLACE}, then exchange the two`);
  } else {
    report('secret-key-as-id', `secretId contains the SecretKey in place of the SecretId: ${REPLACE}`);
  }
  return { isVerified: false, isFound, isSecretExposed: true };
}

function reportOtherId({ mac, hash, forms, secretId = '', pairs, otherKeys }: MacInput, report: Report): void {
  const secrets = secretsOf(pairs, otherKeys);
  const isHidden = isNearSecretKey(secretId) || isPart(secretId, secrets);
  const shown = isHidden ? 'another one' : redact(secretId, secrets).slice(0, MAX_ID_LENGTH);
  const ids = pairs.map((pair) => pair.secretId).join(', ');
  const owner = mac && pairs.find(({ secretKey }) => forms.some((form) => fits({ mac, hash }, secretKey, form)));
  if (owner?.secretId !== undefined) {
    const advice = 'use SecretId and SecretKey of one pair';
    report('another-key', `secretId is ${shown}, but the SecretKey is that of ${owner.secretId}: ${advice}`);
  } else {
    report('another-key', `secretId is ${shown}, this deployment has ${ids}`);
  }
}
