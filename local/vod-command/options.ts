import { parseArgs } from 'node:util';
import { OPTIONS, type Option, type OptionName, type OptionValues } from './option-table';
import { UsageError } from './usage-error';

const COMMAND = 'npm run local-vod -- ';
const HELP_COLUMN = 28;
/** Up to how many characters a suggested name may differ. */
const MAX_DISTANCE = 3;

/** The text that `--help` prints. */
export function usage(): string {
  const line = (column: string, help: string) => `  ${column.padEnd(HELP_COLUMN)}${help}`;
  return [
    `${COMMAND}[options]`,
    '',
    'A local Tencent Cloud VOD for a backend in any language: uploads, events, procedures and the server API.',
    '',
    ...entries().map(([name, { placeholder, help }]) => line(`--${name} ${placeholder}`, help)),
    line('--help, -h', 'prints this'),
    '',
    'docs/local-vod.md has examples, how to point each SDK at it, and how it differs from the real VOD.',
    'Exit code: 0 after Ctrl-C, 1 if it cannot start, 2 if the command line is wrong.',
  ].join('\n');
}

/**
 * Reads a command line. Returns `help` if it contains --help or -h.
 *
 * @throws UsageError that says what would be right
 */
export function readOptions(args: readonly string[]): OptionValues | 'help' {
  if (args.includes('--help') || args.includes('-h')) return 'help';
  const types = Object.fromEntries(entries().map(([name]) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options: types, strict: false, tokens: true });
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new UsageError(`Unknown argument "${token.value}". ${availableOptions()}`);
    const option = isOptionName(token.name) ? (OPTIONS[token.name] as Option<unknown>) : undefined;
    if (!option) throw unknownOption(token.rawName);
    const value = readValue(token.name, option, token.value);
    if (option.isRepeatable === true)
      values[token.name] = [...((values[token.name] as unknown[] | undefined) ?? []), value];
    else if (token.name in values) throw new UsageError(`--${token.name} must be given once only`);
    else values[token.name] = value;
  }
  return values;
}

function readValue(name: string, { placeholder, expected, parse }: Option<unknown>, text: string | undefined): unknown {
  if (text === undefined || text.startsWith('--'))
    throw new UsageError(`--${name} needs a value: --${name} ${placeholder}`);
  const value = parse(text);
  if (value === undefined) throw new UsageError(`--${name} must be ${expected}, not "${text}"`);
  return value;
}

function unknownOption(rawName: string): UsageError {
  const name = rawName.replace(/^--?/, '');
  const nearest = entries()
    .map(([candidate]) => ({ known: candidate, distance: distanceOf(name.toLowerCase(), candidate) }))
    .filter(({ distance }) => distance <= MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance)[0];
  const suggestion = nearest ? `Did you mean --${nearest.known}? ` : '';
  return new UsageError(`Unknown option "${rawName}". ${suggestion}${availableOptions()}`);
}

function availableOptions(): string {
  return `Available: ${entries()
    .map(([name]) => `--${name}`)
    .join(', ')}, --help`;
}

function entries(): (readonly [string, Option<unknown>])[] {
  return Object.entries(OPTIONS);
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** How many characters must be inserted, removed or replaced to make one text of another (Levenshtein). */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
