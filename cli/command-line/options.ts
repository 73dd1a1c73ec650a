import { parseArgs } from 'node:util';
import { UsageError } from './usage-error';

/** An option of a command. */
export interface Option {
  readonly description: string;
  /** Placeholder of the value, without brackets; absent for a switch, which takes no value. */
  readonly value?: string;
  /** The only values that are accepted. */
  readonly choices?: readonly string[];
  /** Whether the value is a whole number. */
  readonly isInteger?: true;
  readonly isRequired?: true;
  readonly default?: string;
}

/** Options by their names, without the hyphens, in the order of the help text. */
export type OptionTable = Readonly<Record<string, Option>>;

/** A positional argument of a command. */
export interface Argument {
  readonly description: string;
  readonly choices?: readonly string[];
  /** Whether it may be given any number of times, or not at all; only the last argument may. */
  readonly isRepeated?: true;
}

/** Arguments by their placeholders, in their order on the command line. */
export type ArgumentTable = Readonly<Record<string, Argument>>;

type Text<T> = T extends { readonly choices: readonly (infer Choice)[] } ? Choice : string;
type Value<T> = T extends { readonly isInteger: true } ? number : Text<T>;
type IsAlwaysSet = { readonly isRequired: true } | { readonly default: string };

/** The values of a table's options: false for a switch that is absent, undefined for any other option that is absent. */
export type OptionValues<T extends OptionTable> = {
  readonly [Name in keyof T]: T[Name] extends { readonly value: string }
    ? T[Name] extends IsAlwaysSet
      ? Value<T[Name]>
      : Value<T[Name]> | undefined
    : boolean;
};

export type ArgumentValues<T extends ArgumentTable> = {
  readonly [Name in keyof T]: T[Name] extends { readonly isRepeated: true } ? readonly string[] : Text<T[Name]>;
};

export interface ParsedCommandLine<O extends OptionTable, A extends ArgumentTable> {
  readonly options: OptionValues<O>;
  readonly args: ArgumentValues<A>;
}

/**
 * Parses what follows the command's name.
 *
 * @throws UsageError for a command line that the tables do not allow
 */
export function parseCommandLine<O extends OptionTable, A extends ArgumentTable>(
  words: readonly string[],
  options: O,
  args: A,
): ParsedCommandLine<O, A> {
  const { texts, positionals } = readTokens(words, options);
  const optionValues: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    optionValues[name] = option.value === undefined ? texts.has(name) : optionValue(name, option, texts.get(name));
  }
  // The types are computed from the same tables.
  return {
    options: optionValues as OptionValues<O>,
    args: argumentValues(positionals, args) as ArgumentValues<A>,
  };
}

/** Returns the positional arguments among the words, with their places, under the options of several commands. */
export function findPositionals(words: readonly string[], options: OptionTable): { value: string; index: number }[] {
  return tokensOf(words, options).flatMap((token) =>
    token.kind === 'positional' ? [{ value: token.value, index: token.index }] : [],
  );
}

function tokensOf(words: readonly string[], options: OptionTable) {
  const types = Object.entries(options).map(([name, { value }]) => {
    return [name, { type: value === undefined ? 'boolean' : 'string' }] as const;
  });
  const config = { args: [...words], options: Object.fromEntries(types), allowPositionals: true };
  return parseArgs({ ...config, strict: false, tokens: true }).tokens;
}

interface Tokens {
  /** The values of the options that were given; '' for a switch. Of a repeated option, the last one counts. */
  readonly texts: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

function readTokens(words: readonly string[], options: OptionTable): Tokens {
  const texts = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokensOf(words, options)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue: isInline } = token;
    const option = Object.hasOwn(options, name) && rawName.startsWith('--') ? options[name] : undefined;
    if (!option) throw new UsageError(`Unknown option "${rawName}". Available: ${namesOf(options).join(', ')}`);
    if (option.value === undefined && value !== undefined) throw new UsageError(`--${name} takes no value`);
    if (option.value !== undefined && value === undefined) {
      throw new UsageError(`--${name} requires a value: --${name} <${option.value}>`);
    }
    if (value?.startsWith('-') && value.length > 1 && !isInline) {
      throw new UsageError(`--${name} is followed by "${value}": write --${name}=${value} if that is its value`);
    }
    texts.set(name, value ?? '');
  }
  return { texts, positionals };
}

function namesOf(options: OptionTable): string[] {
  return Object.keys(options).map((name) => `--${name}`);
}

function optionValue(name: string, option: Option, text: string | undefined): string | number | undefined {
  const { value: placeholder = '', choices, isInteger, isRequired } = option;
  const value = text ?? option.default;
  if (value === undefined) {
    const rule = choices === undefined ? option.description : `one of: ${choices.join(', ')}`;
    if (isRequired) throw new UsageError(`--${name} <${placeholder}> is missing: ${rule}`);
    return undefined;
  }
  if (choices && !choices.includes(value)) {
    throw new UsageError(`--${name} must be one of: ${choices.join(', ')}, not "${value}"`);
  }
  if (!isInteger) return value;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw new UsageError(`--${name} must be a whole number, not "${value}"`);
}

/** Surplus arguments are not repeated in the message: they may be secrets. */
function argumentValues(positionals: readonly string[], table: ArgumentTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let used = 0;
  for (const [name, { description, choices, isRepeated }] of Object.entries(table)) {
    if (isRepeated) {
      values[name] = positionals.slice(used);
      return values;
    }
    const value = positionals[used];
    const rule = choices === undefined ? description : `one of: ${choices.join(', ')}`;
    if (value === undefined || value === '') throw new UsageError(`<${name}> is missing: ${rule}`);
    if (choices && !choices.includes(value)) {
      throw new UsageError(`<${name}> must be one of: ${choices.join(', ')}, not "${value}"`);
    }
    values[name] = value;
    used += 1;
  }
  if (positionals.length > used) throw new UsageError(`Too many arguments: ${positionals.length}, expected ${used}`);
  return values;
}
