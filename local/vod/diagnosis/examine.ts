import { checkBounds, checkTexts, checkTimes } from './bounds';
import { checkMac, type MacResult } from './check-mac';
import { isPart } from './display';
import { secretsOf, type KeyPair, type OtherKey } from './keys';
import type { Layout } from './layout';
import { isNearSecretKey, REQUIRED } from './names';
import { jsonPairs, pairsOf, readOriginal, type Original, type Pair } from './original';
import { checkEncoding, checkValues, isSecretName, readParameters, type Parameters } from './parameters';
import { collectRules, type Report, type Rule } from './rules';

/** The keys, time and source context that a diagnosis uses, as far as they are known. */
export interface Knowledge {
  readonly keyPairs: readonly KeyPair[];
  readonly otherKeys?: readonly OtherKey[];
  readonly nowSeconds: number;
  /** Whether a source context that looks URL-encoded twice is known to be the text itself. */
  readonly isLiteral?: (sourceContext: string) => boolean;
}

export interface Reading {
  readonly parameters: Parameters;
  readonly isVerified: boolean;
  /** Whether it was reported that a secret is in it. */
  readonly isSecretReported: boolean;
}

/**
 * Checks the MAC and the parameters.
 *
 * @param isDamaged whether the text was changed in a way that cannot be undone, which was reported
 */
export function examine(
  { mac, hash, original: bytes }: Layout,
  isDamaged: boolean,
  knowledge: Knowledge,
  report: Report,
  note: Report,
): Reading {
  // Of an original that is not whole, what is reported first is a consequence.
  const originalRules = collectRules();
  const original = readOriginal(bytes, originalRules.report);
  const pairs = original.isJson ? jsonPairs(original.text) : pairsOf(original.text);
  // Faults of the parameters are reported after the MAC, but the MAC needs the parameters.
  const parameterRules = collectRules();
  const { parameters, reportIgnored } = readParameters(pairs, parameterRules.report);
  const cut = cutName(pairs, parameters);
  const macRules = collectRules();
  const macResult = checkMac(
    {
      mac,
      hash,
      forms: original.forms,
      query: original.isJson ? undefined : original.text,
      secretId: parameters['secretId'],
      pairs: knowledge.keyPairs,
      otherKeys: knowledge.otherKeys ?? [],
      isDamaged: isDamaged || !original.isReadable || cut !== undefined,
    },
    macRules.report,
  );
  const reading = {
    parameters: hideSecret(parameters, macResult, secretsOf(knowledge.keyPairs, [])),
    isVerified: macResult.isVerified,
    isSecretReported: macResult.isSecretExposed || pairs.some(({ name }) => isSecretName(name)),
  };
  if (!macResult.isFound && reportDamage(original, isDamaged, cut, report)) {
    repeat(macRules.violations, report);
    return reading;
  }
  repeat([...originalRules.violations, ...macRules.violations], report);
  if (!original.isReadable) {
    report('not-utf8', 'the original is not UTF-8: encode its values as UTF-8, then percent-encode');
  }
  repeat(parameterRules.violations, report);
  checkParameters(parameters, knowledge, report, note);
  reportIgnored(report);
  if (!original.isJson && original.isReadable) checkEncoding(pairs, knowledge.isLiteral ?? (() => false), report, note);
  return reading;
}

function repeat(rules: readonly Rule[], report: Report): void {
  for (const { rule, message } of rules) report(rule, message);
}

/** The last name, where it is the beginning of a required one that is missing. */
function cutName(pairs: readonly Pair[], parameters: Parameters): string | undefined {
  const last = pairs.at(-1)?.part ?? '';
  const isCut = REQUIRED.some((name) => last !== '' && name.startsWith(last) && parameters[name] === undefined);
  return isCut ? last : undefined;
}

/** Whether the original is not what was signed, so that its parameters say nothing. Reports it, unless that is known. */
function reportDamage({ isReadable }: Original, isKnown: boolean, cut: string | undefined, report: Report): boolean {
  if (isKnown) return true;
  if (!isReadable) {
    const causes = 'characters of the Base64 were lost or changed, or a value is neither UTF-8 nor URL-encoded';
    report('damaged', `the original is not text: ${causes}`);
  } else if (cut !== undefined) {
    report('cut', `the original ends in the middle, with "${cut}": its end is missing, send all of it`);
  }
  return !isReadable || cut !== undefined;
}

function checkParameters(parameters: Parameters, { nowSeconds }: Knowledge, report: Report, note: Report): void {
  const skipped = checkValues(parameters, report);
  checkTimes(parameters, nowSeconds, skipped, report);
  checkBounds(parameters, skipped, report, note);
  checkTexts(parameters, report);
}

/** The parameters without a `secretId` that is, or may be, the SecretKey. */
function hideSecret(parameters: Parameters, { isSecretExposed, isVerified }: MacResult, secrets: readonly string[]) {
  const { secretId = '' } = parameters;
  const isSuspicious = isNearSecretKey(secretId) || isPart(secretId, secrets);
  if (!isSecretExposed && (isVerified || !isSuspicious)) return parameters;
  return { ...parameters, secretId: '(a SecretKey, not shown)' };
}
