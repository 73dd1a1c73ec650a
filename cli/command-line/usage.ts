import { DEPLOYMENT_OPTIONS, type Command, type CommandGroup } from './command';
import type { Option, OptionTable } from './options';

/** Columns of a help text. */
const WIDTH = 120;
/** Widest column of option names; the description of a longer one begins on the next line. */
const MAX_NAME_WIDTH = 28;

/** Every command of the list, those of groups too. */
export function allCommands(entries: readonly (Command | CommandGroup)[]): Command[] {
  return entries.flatMap((entry) => ('commands' in entry ? entry.commands : [entry]));
}

/** A command with its arguments and required options, such as `listen --forward-to <url>`. */
export function usage({ name, args, options }: Command): string {
  const words = [name];
  for (const [placeholder, { isRepeated }] of Object.entries(args)) {
    words.push(isRepeated ? `[<${placeholder}>...]` : `<${placeholder}>`);
  }
  for (const [option, definition] of Object.entries(options)) {
    if (definition.isRequired) words.push(withPlaceholder(option, definition));
  }
  return words.join(' ');
}

/** A command with all its arguments and options but those of every command, on several lines where it is long. */
export function synopsis(command: Command): string[] {
  const optional = Object.entries(ownOptions(command)).flatMap(([name, option]) =>
    option.isRequired ? [] : [`[${withPlaceholder(name, option)}]`],
  );
  return wrapItems([usage(command), ...optional], WIDTH, '    ');
}

/** The line of an error about wrong usage. */
export function usageLine(entry: Command | CommandGroup): string {
  const command = 'commands' in entry ? `${entry.name} <command>` : usage(entry);
  return `Usage: npm run vod -- ${command} [options]; npm run vod -- ${entry.name} --help lists the options`;
}

/** The lines that `npm run vod` prints without a command. */
export function overview(entries: readonly (Command | CommandGroup)[]): string[] {
  const rows = allCommands(entries).map((command) => [usage(command), command.summary] as const);
  return [
    'npm run vod -- <command> [options]',
    '',
    ...describe(rows),
    '',
    ...wrap(
      `npm run vod -- <command> --help describes a command. In scripts use \`npm run -s vod -- ...\`, which suppresses
      npm's own lines. Exit code: 0 success, 1 a fault was found or the command failed, 2 the command line is not valid.`,
      WIDTH,
    ),
  ];
}

/** The help text of a command, or of a group with each of its commands. */
export function helpText(entry: Command | CommandGroup): string[] {
  const groupUsage = 'commands' in entry ? [`npm run vod -- ${entry.name} <command> [options]`, ''] : [];
  const commands = allCommands([entry]);
  const shared = sharedOptions(commands[0]);
  return [
    ...groupUsage,
    ...commands.flatMap((command) => [...commandHelp(command), '']),
    'The deployment:',
    ...describe(shared.map(([name, option]) => [withPlaceholder(name, option), optionText(option)])),
  ];
}

function commandHelp(command: Command): string[] {
  const args = Object.entries(command.args).map(([name, argument]) => {
    return [`<${name}>`, optionText(argument)] as const;
  });
  const options = Object.entries(ownOptions(command)).map(([name, option]) => {
    return [withPlaceholder(name, option), optionText(option)] as const;
  });
  const rows = describe([...args, ...options]);
  return [
    `npm run vod -- ${usage(command)} [options]`,
    ...command.description.split(/\n\s*\n/).flatMap((paragraph) => ['', ...wrap(paragraph, WIDTH)]),
    ...(rows.length === 0 ? [] : ['', ...rows]),
  ];
}

/** The options of this command alone, or those that it describes in its own way. */
function ownOptions(command: Command | undefined): OptionTable {
  const shared: OptionTable = DEPLOYMENT_OPTIONS;
  return Object.fromEntries(Object.entries(command?.options ?? {}).filter(([name, option]) => option !== shared[name]));
}

/** Those of every command that this one does not describe in its own way. */
function sharedOptions(command: Command | undefined): [string, Option][] {
  const own = ownOptions(command);
  const shared: OptionTable = DEPLOYMENT_OPTIONS;
  return Object.entries(shared).filter(([name]) => !Object.hasOwn(own, name));
}

function withPlaceholder(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`;
}

function optionText({ description, choices, default: fallback, isRequired }: Partial<Option>): string {
  const parts = [description];
  if (choices) parts.push(`One of: ${choices.join(', ')}`);
  if (fallback !== undefined) parts.push(`Default: ${fallback}`);
  if (isRequired) parts.push('Required');
  return parts.join('. ');
}

/** Two columns: names, and their descriptions. */
function describe(rows: readonly (readonly [name: string, text: string])[]): string[] {
  const lengths = rows.map(([name]) => name.length).filter((length) => length <= MAX_NAME_WIDTH);
  const width = Math.max(0, ...lengths) + 2;
  return rows.flatMap(([name, text]) => {
    const [first = '', ...nextLines] = wrap(text, WIDTH - width - 2);
    const rest = nextLines.map((line) => `${' '.repeat(width + 2)}${line}`);
    if (name.length > MAX_NAME_WIDTH) return [`  ${name}`, `${' '.repeat(width + 2)}${first}`, ...rest];
    return [`  ${name.padEnd(width)}${first}`, ...rest];
  });
}

function wrap(text: string, width: number): string[] {
  return wrapItems(text.trim().split(/\s+/), width, '');
}

/** Joins items with spaces into lines of at most `width` characters; lines after the first are indented. */
function wrapItems(items: readonly string[], width: number, indentation: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && line.length + 1 + item.length > width) {
      lines.push(line);
      line = `${indentation}${item}`;
    } else {
      line = line === '' ? item : `${line} ${item}`;
    }
  }
  return [...lines, line];
}
