import type { Quality } from './quality';
import { complete, contains, redact } from './display';
import { examine, type Knowledge, type Reading } from './examine';
import { secretsOf } from './keys';
import { findLayout } from './layout';
import { fits } from './mac-search';
import { readOriginal } from './original';
import type { Parameters } from './parameters';
import { readBytes } from './read';
import { collectRules, type Report, type Rule } from './rules';

export type { Knowledge } from './examine';
export type { KeyPair, OtherKey } from './keys';

// https://cloud.tencent.com/document/product/266/9221
// Written from that document, for the hints of the local VOD and for `explain`: what is wrong with an upload signature.

export interface Diagnosis {
  readonly violations: readonly Rule[];
  /** Faults that VOD accepts and that should be corrected all the same. */
  readonly notes: readonly Rule[];
  /** As VOD reads them, as far as they can be read. */
  readonly parameters: Parameters;
  /** Whether there was a key to verify with, and the MAC was made with it. */
  readonly verified: boolean;
}

/** Longest text that is read, in characters: the longest signature has a third of it. */
const MAX_LENGTH = 50_000;
/** Rules about a leaked SecretKey, which is worse than a refused signature: everyone who received it can sign. */
const LEAKS: readonly string[] = [
  'swapped',
  'secret-key-as-id',
  'secret-inside',
  'secret-key-inside',
  'secret-only',
  'perhaps-swapped',
];
const isLeak = ({ rule }: Rule): boolean => LEAKS.includes(rule);
const SILENT: Report = () => undefined;

/**
 * Checks an upload signature against the vendor's rules (266/9221) and returns each one that it violates: first a
 * secret that is in it, then the faults for which VOD refuses it. Damage that hides other faults is undone first, so
 * that those are found too. No secret is in the result.
 */
export function diagnoseSignature(signature: string, knowledge: Knowledge): Diagnosis {
  const secrets = secretsOf(knowledge.keyPairs, knowledge.otherKeys ?? []);
  const { violations, notes, report, note } = collectRules();
  const { parameters, isVerified } = read(signature, knowledge, secrets, report, note);
  if (isVerified && violations.length === 0 && !isExact(signature, knowledge)) {
    report('changed', 'it was changed after it was made: send it exactly as it was encoded');
  }
  const ordered = [...violations.filter(isLeak), ...violations.filter((rule) => !isLeak(rule))];
  const completeRules = (rules: readonly Rule[]) =>
    rules.map(({ rule, message }) => ({ rule, message: complete(message, secrets) }));
  const values = Object.entries(parameters).map(([name, value]) => [name, redact(value, secrets)]);
  return {
    violations: completeRules(ordered),
    notes: completeRules(notes),
    parameters: Object.fromEntries(values) as Parameters,
    verified: isVerified,
  };
}

/** Whether VOD verifies the text as it is: the one condition of "valid" that no undoing may soften. */
function isExact(signature: string, { keyPairs }: Knowledge): boolean {
  const bytes = Buffer.from(signature, 'base64');
  const target = { mac: bytes.subarray(0, 20), hash: 'sha1' } as const;
  return (
    bytes.toString('base64') === signature &&
    keyPairs.some(({ secretKey }) => fits(target, secretKey, bytes.subarray(20)))
  );
}

const UNREAD: Reading = { parameters: {}, isVerified: false, isSecretReported: false };

function read(
  signature: string,
  knowledge: Knowledge,
  secrets: readonly string[],
  report: Report,
  note: Report,
): Reading {
  if (signature.length > MAX_LENGTH) {
    report('too-large', `it has ${signature.length} characters, far more than a signature: send the signature only`);
    return UNREAD;
  }
  if (secrets.includes(signature.trim())) {
    const advice = 'if it was sent to anyone, replace it now';
    report('secret-only', `it is a secret of this deployment itself, not a signature: ${advice}`);
    return UNREAD;
  }
  const decoded = readBytes(signature, qualityOf(knowledge), report);
  const layout = decoded && findLayout(decoded.bytes, decoded.isDamaged ? SILENT : report, decoded.isPlain);
  const mac = decoded?.isMacLost === true ? undefined : layout?.mac;
  const reading = layout ? examine({ ...layout, mac }, decoded.isDamaged, knowledge, report, note) : UNREAD;
  const texts = [signature, decoded?.bytes.toString('latin1') ?? ''];
  if (!reading.isSecretReported && texts.some((text) => contains(text, secrets))) {
    const advice = 'everyone who received it has that secret, so replace it now';
    report('secret-inside', `it contains a secret of this deployment: ${advice}`);
  }
  return reading;
}

/** How well bytes can be read, and whether a known key made their MAC. */
function qualityOf({ keyPairs }: Knowledge): Quality {
  return (bytes) => {
    const layout = findLayout(bytes, SILENT);
    if (!layout) return 0;
    const { mac, hash, original } = layout;
    const { isReadable, forms } = readOriginal(original, SILENT);
    const isMade = mac && keyPairs.some((pair) => forms.some((form) => fits({ mac, hash }, pair.secretKey, form)));
    return [true, isReadable, mac !== undefined, isMade === true].filter(Boolean).length;
  };
}
