import { quote } from './display';
import { meantName, NAMES, OPTIONAL, REQUIRED, TEXTS } from './names';
import { isObjectText, isPlaceholder, isValueless, VALUELESS } from './not-a-signature';
import { unescape, type Pair } from './original';
import type { Report } from './rules';

/** Values as VOD reads them, by the names of VOD. */
export type Parameters = Readonly<Record<string, string>>;

/** Most names that are reported one by one. */
const MAX_REPORTED = 10;

interface ReadParameters {
  readonly parameters: Parameters;
  /** Reports what VOD ignores; to be called after what it refuses has been reported. */
  readonly reportIgnored: (report: Report) => void;
}

/** The parameters that VOD knows, and those that have another name by mistake. */
export function readParameters(pairs: readonly Pair[], report: Report): ReadParameters {
  const values = new Map<string, string[]>();
  for (const { name, value } of pairs) {
    const all = values.get(name);
    if (all) all.push(value);
    else values.set(name, [value]);
  }
  const rawValues: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, all] of values) {
    const value = all.at(-1) ?? '';
    if (NAMES.includes(name)) rawValues[name] = value;
    else if (name !== '' || value !== '') unknown.push(name);
  }
  for (const name of unknown) {
    const meant = meantName(name);
    if (meant === undefined || values.has(meant)) continue;
    rawValues[meant] = values.get(name)?.at(-1) ?? '';
    if (!REQUIRED.some((required) => required === meant)) continue;
    report(name === 'currentTime' ? 'current-time' : 'unknown', `${shownName(name)} is called ${meant}`);
  }
  reportUncleaned(rawValues, report);
  const cleaned = Object.entries(rawValues).map(([name, value]) => [name, cleanValue(name, value)]);
  const parameters = Object.fromEntries(cleaned) as Parameters;
  reportMissing(parameters, report);
  const isReported = (name: string) => {
    const meant = meantName(name);
    return REQUIRED.some((required) => required === meant) && !values.has(meant ?? '');
  };
  return {
    parameters,
    reportIgnored: (later) => {
      reportUnknown(
        unknown.filter((name) => !isReported(name)),
        later,
      );
      for (const [name, all] of values) {
        if (name === '') later('empty-parameter', 'there is nothing between two "&" of the original: keep one');
        else if (all.length > 1) later('duplicated', `${shownName(name)} appears ${all.length} times: keep one`);
      }
    },
  };
}

/** A name as it is where it is plain, else in quotes. */
function shownName(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : quote(name);
}

/** A value without the quotes and blanks that no value but a text has. */
function cleanValue(name: string, value: string): string {
  if (TEXTS.includes(name) || name === 'procedure') return value;
  const trimmed = value.trim();
  return /^(["'])(.*)\1$/s.exec(trimmed)?.[2] ?? trimmed;
}

/** Reports what {@link cleanValue} removes. */
function reportUncleaned(parameters: Parameters, report: Report): void {
  const changed = Object.entries(parameters).filter(([name, value]) => cleanValue(name, value) !== value);
  const namesOf = (entries: readonly (readonly [string, string])[]) => entries.map(([name]) => name).join(', ');
  const blank = changed.filter(([, value]) => value.trim() !== value);
  const quoted = changed.filter(([name, value]) => cleanValue(name, value) !== value.trim());
  if (blank.length > 0) {
    const message = `the value of ${namesOf(blank)} has a space or line break at its beginning or end: trim it`;
    report('blank-in-value', message);
  }
  if (quoted.length > 0) {
    report('quoted-value', `the value of ${namesOf(quoted)} is in quotes: remove them`);
  }
}

function reportMissing(parameters: Parameters, report: Report): void {
  for (const [state, isSo] of [
    ['missing', (name: string) => parameters[name] === undefined],
    ['empty', (name: string) => parameters[name] === ''],
  ] as const) {
    const names = REQUIRED.filter(isSo);
    const verb = names.length === 1 ? 'is' : 'are';
    if (names.length === 0) continue;
    report('missing', `${names.join(', ')} ${verb} ${state}: every signature has ${REQUIRED.join(', ')}`);
  }
}

const SECRETS = /^(?:secret_?(?:access_?)?key|app_?secret|api_?key|password)$/i;
const TOKENS = /^(?:x-?cos-?)?(?:session|security|tmp|temp|sts)?[_-]?token$/i;

/** Whether a parameter of this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRETS.test(name);
}

function reportUnknown(names: readonly string[], report: Report): void {
  for (const name of names.slice(0, MAX_REPORTED)) {
    const shown = shownName(name);
    const meant = meantName(name);
    const isNot = `${quote(name)} is not a parameter of a signature`;
    if (SECRETS.test(name)) {
      const advice = 'everyone who received the signature has it, so replace this key, and do not send it';
      report('secret-key-inside', `${shown} is in the signature: ${advice}`);
    } else if (TOKENS.test(name)) {
      const advice = 'temporary keys (STS) cannot sign uploads, sign with a permanent key';
      report('token', `${isNot}: ${advice}`);
    } else if (/^(?:sub|sdk)?_?app_?id$/i.test(name)) {
      report('application-name', `${isNot}: the application is named by vodSubAppId`);
    } else {
      const rest = meant ? `write ${meant}` : 'remove it; or it is the rest of a value that was not URL-encoded';
      report('unknown', `${isNot}: ${rest}`);
    }
  }
  const omitted = names.length - MAX_REPORTED;
  if (omitted > 0) report('unknown', `${omitted} more names are not parameters of a signature: encode each value`);
}

/** Reports values that are not valid, and optional ones that are out of VOD's bounds; returns the names of the former. */
export function checkValues(parameters: Parameters, report: Report): ReadonlySet<string> {
  const valueless = new Set<string>();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === '') continue;
    const isText = TEXTS.includes(name);
    const isNone = name === 'taskNotifyMode' && value === 'None';
    if ((isValueless(value) && !isNone) || (!isText && isPlaceholder(value))) {
      valueless.add(name);
      const required = REQUIRED.some((one) => one === name);
      const advice = required ? 'set it before you sign' : 'set it, or leave the parameter out';
      const cause = isObjectText(value) ? 'an object turned into text' : VALUELESS;
      report('no-value', `${name} is the text ${quote(value)}, ${cause}: ${advice}`);
      continue;
    }
    const bound = OPTIONAL.get(name);
    if (name === 'procedure' && /^QCVB_/i.test(value)) {
      const advice = 'it must be the name of a task flow template (任务流)';
      report('old-procedure', `procedure is an expression of 2017 (QCVB_...): ${advice}`);
    } else if (bound && !bound.isValid(value)) {
      report('out-of-bounds', `${name} is ${quote(value)}: it must be ${bound.expected}`);
    }
  }
  return valueless;
}

/**
 * Checks that each value is URL-encoded as VOD decodes it.
 *
 * @param isLiteral whether a value that looks encoded twice is known to be the text itself
 */
export function checkEncoding(
  pairs: readonly Pair[],
  isLiteral: (value: string) => boolean,
  report: Report,
  note: Report,
): void {
  for (const { name, raw, value } of pairs) {
    if (!TEXTS.includes(name) && !['secretId', 'procedure'].includes(name)) continue;
    if (/%(?![0-9A-F]{2})/i.test(raw)) {
      report('bad-escape', `${name} has a "%" without two hex digits after it: encode the value as a whole`);
    } else if (unescape(raw) === undefined) {
      report('not-utf8', `${name} is percent-encoded from a charset other than UTF-8`);
    } else if (/[^\w.~!'()*%+:,;@$/?-]/.test(cleanValue(name, raw))) {
      report('unencoded', `${name} is not URL-encoded: encode each value (encodeURIComponent) before it is signed`);
    } else if (/%25[0-9A-F]{2}/i.test(raw) && ![undefined, value].includes(unescape(value))) {
      if (isLiteral(value)) continue;
      const advice = `VOD passes on ${quote(value)}, encode once if that is not the text`;
      note('double-encoded', `${name} looks URL-encoded twice: ${advice}`);
    }
  }
}
