import { TIMES } from './names';
import type { Parameters } from './parameters';
import type { Report } from './rules';

// https://cloud.tencent.com/document/product/266/9221

/** Longest validity, in seconds: 90 days. */
const MAX_VALIDITY = 7_776_000;
/** VOD accepts 250 characters of source context, in older documents 250 bytes: bytes satisfy both. */
const MAX_SOURCE_CONTEXT_BYTES = 250;
/** How far ahead a signer's clock may be, in seconds. */
const MAX_CLOCK_SKEW = 60;
/** Below this, one in a thousand signatures of one second equals another one. */
const TINY_RANDOM = 1_000_000;

/** @param skipped names that have no value, and were reported */
export function checkTimes(
  parameters: Parameters,
  nowSeconds: number,
  skipped: ReadonlySet<string>,
  report: Report,
): void {
  const [start, end] = TIMES.map((name) => {
    return skipped.has(name) ? undefined : secondsOf(name, parameters[name] ?? '', report);
  });
  if (end !== undefined) checkExpiry(start, end, nowSeconds, report);
  if (start !== undefined && start > nowSeconds + MAX_CLOCK_SKEW) {
    report('not-yet-valid', `currentTimeStamp is ${start - nowSeconds} s in the future: set the signer's clock`);
  }
}

function secondsOf(name: string, value: string, report: Report): number | undefined {
  if (value === '') return undefined;
  if (/^\d{1,20}\.\d+$/.test(value)) {
    report('float-time', `${name} is ${value.slice(0, 40)}: it must be whole seconds, round it down`);
  } else if (!/^\d{1,20}$/.test(value)) {
    report('not-a-number', `${name} must be decimal digits, whole seconds since 1970`);
    return undefined;
  }
  const time = Number(value);
  if (time < 1e11) return Math.floor(time);
  if (time < 1e14) {
    report('milliseconds', `${name} is in milliseconds: divide by 1000 and round down`);
    return Math.floor(time / 1000);
  }
  report('milliseconds', `${name} is in microseconds or nanoseconds: it must be whole seconds`);
  return undefined;
}

function checkExpiry(start: number | undefined, end: number, nowSeconds: number, report: Report): void {
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

/** Bounds of `random`, and those that concern more than one parameter. */
export function checkBounds(parameters: Parameters, skipped: ReadonlySet<string>, report: Report, note: Report): void {
  const { random = '' } = parameters;
  if (random === '' || skipped.has('random')) return;
  if (!/^\d+$/.test(random)) {
    report('random-not-integer', 'random must be decimal digits, 0 to 4294967295');
  } else if (Number(random) >= 2 ** 32) {
    report('random-overflow', 'random is over 4294967295: it is an unsigned 32-bit integer');
  } else if (Number(random) < TINY_RANDOM) {
    const draw = 'draw it from all 32 bits, or two one-time signatures of one second are the same';
    note('random-tiny', `random is below a million: ${draw} (by chance, one in 4000 is)`);
  }
}

/** Bounds of the texts, and what depends on a procedure. */
export function checkTexts({ sourceContext = '', procedure = '', ...rest }: Parameters, report: Report): void {
  const bytes = Buffer.byteLength(sourceContext);
  if (bytes > MAX_SOURCE_CONTEXT_BYTES) {
    report('source-context-too-long', `sourceContext has ${bytes} bytes: use at most ${MAX_SOURCE_CONTEXT_BYTES}`);
  }
  for (const name of ['taskPriority', 'taskNotifyMode']) {
    if (rest[name] && procedure === '') report('no-procedure', `${name} needs a procedure: add one, or remove it`);
  }
}
