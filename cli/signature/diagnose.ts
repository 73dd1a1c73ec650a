import { createHmac } from 'node:crypto';
import { timingSafeEqualStrings } from '../../lib/platform/timing-safe-equal';
import { schemaErrors } from '../../lib/platform/errors';
import { signatureParameters as validate } from '../../lib/generated/signature';
import { MAX_SOURCE_CONTEXT_BYTES, MAX_VALIDITY, schemas } from '../../lib/vod/schemas';
import { open } from '../../lib/vod/source-context';
import { decode, findLayout, type Layout } from './layout';
import { checkEncoding, jsonPairs, pairsOf, readOriginal, readParameters, unescape } from './original';
import { collectRules, type Report, type Rule } from './report';

export interface Diagnosis {
  readonly violations: readonly Rule[];
  /** What VOD accepts and should be changed all the same. */
  readonly notes: readonly Rule[];
  /** As VOD reads them, as far as they can be read. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether there was a key to verify with, and the MAC was made with it. */
  readonly verified: boolean;
}

/** What a signature is verified with, as far as it is known. */
export interface Keys {
  readonly secretId?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly sealKeys: readonly string[];
}

const { properties } = schemas.signature.signatureParameters;
const INTEGERS = Object.entries(properties).flatMap(([name, schema]) =>
  ('type' in schema && schema.type === 'integer') || name === 'oneTimeValid' ? [name] : [],
);
const TIMES = ['currentTimeStamp', 'expireTime'];
/** How far ahead a signer's clock may be, in seconds. */
const MAX_CLOCK_SKEW = 60;
/** Below this, one in a thousand signatures of one second equals another one. */
const TINY_RANDOM = 1_000_000;

/**
 * Checks a signature against the vendor's rules (266/9221) and returns each one that it violates. A mistake that hides
 * others is undone first, so that those are found too.
 */
export function diagnose(signature: string, keys: Keys, nowSeconds: number): Diagnosis {
  const { violations, notes, report, note } = collectRules();
  const bytes = decode(signature, report);
  const layout = bytes && findLayout(bytes, report);
  if (!layout) return { violations, notes, parameters: {}, verified: false };

  const { text, isWhole } = readOriginal(layout.original, report);
  const pairs = isWhole ? pairsOf(text) : jsonPairs(text);
  const parameters = readParameters(pairs, report);
  if (isWhole) checkEncoding(pairs, keys.sealKeys, report, note);
  checkTimes(parameters, nowSeconds, report);
  checkBounds(parameters, report, note);
  const { sourceContext = '' } = parameters;
  if (keys.sealKeys.length > 0 && open(sourceContext, keys.sealKeys).seal === 'broken') {
    report('broken-seal', 'the source context has our marker, but no seal key of this deployment made its seal');
  }
  checkSealedProcedure(parameters, keys.sealKeys, report);
  const verified = checkMac(layout, parameters, keys, report);
  return { violations, notes, parameters, verified };
}

/** A seal contains whether a procedure was signed with it: the service waits for that procedure, or does not. */
function checkSealedProcedure(
  { sourceContext = '', procedure = '' }: Readonly<Record<string, string>>,
  sealKeys: readonly string[],
  report: Report,
): void {
  const { signedProcedure } = open(sourceContext, sealKeys);
  if (signedProcedure === undefined || signedProcedure === (procedure !== '')) return;
  const sealed = signedProcedure
    ? 'a procedure is signed, and there is none'
    : 'no procedure is signed, and there is one';
  report('seal-procedure', `the seal says that ${sealed}: seal and sign in one go`);
}

function checkTimes(parameters: Record<string, string>, nowSeconds: number, report: Report): void {
  const seconds = TIMES.map((name) => {
    const value = parameters[name] ?? '';
    if (value === '') return undefined;
    if (/^\d+\.\d+$/.test(value)) {
      report('float-time', `${name} is ${value}: it must be whole seconds, round it down`);
    } else if (!/^\d+$/.test(value)) {
      report('not-a-number', `${name} must be decimal digits, whole seconds since 1970`);
      return undefined;
    }
    if (Number(value) < 1e11) return Math.floor(Number(value));
    report('milliseconds', `${name} is in milliseconds: divide by 1000 and round down`);
    return Math.floor(Number(value) / 1000);
  });
  const [start, end] = seconds;
  if (start !== undefined && start > nowSeconds + MAX_CLOCK_SKEW) {
    report('not-yet-valid', `currentTimeStamp is ${start - nowSeconds} s in the future: set the signer's clock`);
  }
  if (end === undefined) return;
  if (start !== undefined && end - start > MAX_VALIDITY) {
    const days = (end - start) / 86_400;
    const span = Number.isInteger(days) ? `${days} days` : `${end - start} seconds`;
    report('too-long', `it is valid for ${span}: VOD allows ${MAX_VALIDITY} seconds, 90 days`);
  }
  if (start !== undefined && end <= start) {
    const isSpan = end <= MAX_VALIDITY ? ', it is a point in time (currentTimeStamp + validity), not a span' : '';
    report('no-validity', `expireTime must be later than currentTimeStamp${isSpan}`);
  } else if (end < nowSeconds) {
    report('expired', `it expired ${new Date(end * 1000).toISOString()}, ${nowSeconds - end} s ago: request a new one`);
  }
}

/** Everything else that the schema bounds; an optional parameter that is empty counts as absent. */
function checkBounds(parameters: Readonly<Record<string, string>>, report: Report, note: Report): void {
  const { random = '', sourceContext = '', procedure = '' } = parameters;
  if (/^\d+$/.test(random) && Number(random) >= 2 ** 32) {
    report('random-overflow', 'random is over 4294967295: it is an unsigned 32-bit integer');
  } else if (random !== '' && !/^\d+$/.test(random)) {
    report('random-not-integer', 'random must be decimal digits, 0 to 4294967295');
  } else if (random !== '' && Number(random) < TINY_RANDOM) {
    const draw = 'draw it from all 32 bits, or two one-time signatures of one second are the same';
    note('random-tiny', `random is below a million: ${draw} (by chance, one in 4000 is)`);
  }
  const bytes = Buffer.byteLength(sourceContext);
  if (bytes > MAX_SOURCE_CONTEXT_BYTES) {
    report('source-context-too-long', `sourceContext has ${bytes} bytes: at most ${MAX_SOURCE_CONTEXT_BYTES} are safe`);
  }
  for (const name of ['taskPriority', 'taskNotifyMode']) {
    if (parameters[name] && procedure === '')
      report('no-procedure', `${name} needs a procedure: add one, or remove it`);
  }
  const checked = ['secretId', ...TIMES, 'random', 'sourceContext'];
  const given = Object.entries(parameters).filter(([name, value]) => value !== '' && !checked.includes(name));
  const numbers = given.map(([name, value]) => {
    const isNumber = INTEGERS.includes(name) && /^-?\d{1,16}$/.test(value);
    return [name, isNumber ? Number(value) : value] as const;
  });
  const rest = { secretId: '-', currentTimeStamp: 1, expireTime: 1, random: 0, ...Object.fromEntries(numbers) };
  if (validate(rest)) return;
  for (const { path, message } of schemaErrors(validate.errors)) {
    report('out-of-bounds', `${path.slice(1)} ${message}`);
  }
}

/** Whether the MAC was made with this key over the bytes that were sent. */
function checkMac(
  { mac, original, hash }: Layout,
  parameters: Record<string, string>,
  keys: Keys,
  report: Report,
): boolean {
  const { secretKey, secretId } = keys;
  if (secretKey === undefined || mac.length === 0) return false;
  if (secretId !== undefined && parameters['secretId'] !== secretId) {
    report('another-key', `secretId is ${parameters['secretId'] ?? 'missing'}, this deployment has ${secretId}`);
    return false;
  }
  const fits = (over: string | Buffer) =>
    timingSafeEqualStrings(createHmac(hash, secretKey).update(over).digest('hex'), mac.toString('hex'));
  if (fits(original)) return true;
  const text = original.toString('utf8');
  const decoded = [unescape(text), unescape(text.replaceAll('+', ' '))].filter((candidate) => candidate !== undefined);
  if (decoded.some((candidate) => fits(candidate))) {
    report('mac-over-decoded', 'the MAC is over the decoded string, but the encoded one is sent: sign what you send');
  } else {
    report('wrong-mac', 'the MAC does not match: made with another SecretKey, over other bytes, or changed afterwards');
  }
  return false;
}
