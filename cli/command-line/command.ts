import type { CommandContext, ExitCode } from './context';
import {
  findPositionals,
  parseCommandLine,
  type ArgumentTable,
  type OptionTable,
  type ParsedCommandLine,
} from './options';
import { UsageError } from './usage-error';

/** A command as its help text shows it and as the process runs it. */
export interface Command {
  /** The words after `npm run vod --`, such as `secrets create`. */
  readonly name: string;
  /** One line of the overview. */
  readonly summary: string;
  /** Paragraphs of the help text, separated by empty lines; other line breaks do not count. */
  readonly description: string;
  readonly args: ArgumentTable;
  /** With {@link DEPLOYMENT_OPTIONS}. */
  readonly options: OptionTable;
  /** @throws UsageError for a command line that is not valid, Error for a failure */
  readonly run: (words: readonly string[], context: CommandContext) => Promise<ExitCode>;
}

/** Commands that share their first word, such as `secrets create` and `secrets show`. */
export interface CommandGroup {
  readonly name: string;
  readonly commands: readonly Command[];
}

/** The options that choose a deployment; every command has them. */
export const DEPLOYMENT_OPTIONS = {
  stage: {
    value: 'name',
    description: "the deployment's stage; its parameters come from the shell and .env, as for the deploy. Default: dev",
  },
  region: { value: 'name', description: 'its AWS region. Default: AWS_REGION, else ap-southeast-1' },
  'aws-profile': { value: 'name', description: 'the profile of its AWS account, as for the deploy' },
  local: { description: 'the local run of `npm start` instead of a deployment on AWS; found by its DATA_DIR' },
} as const satisfies OptionTable;

/** The table of a command that has no options, or no arguments, of its own. */
const NONE = {};

interface Definition<O extends OptionTable, A extends ArgumentTable> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly args?: A;
  /** Those of this command alone. */
  readonly options?: O;
  readonly run: (
    parsed: ParsedCommandLine<O & Omit<typeof DEPLOYMENT_OPTIONS, keyof O>, A>,
    context: CommandContext,
  ) => Promise<ExitCode>;
}

/** Creates a command from its tables: they define how its command line is parsed, and its help text. */
export function defineCommand<const O extends OptionTable = typeof NONE, const A extends ArgumentTable = typeof NONE>({
  name,
  summary,
  description,
  args,
  options,
  run,
}: Definition<O, A>): Command {
  // The first spread sets the order of the names, the last one the options that a command describes in its own way.
  const table = { ...options, ...DEPLOYMENT_OPTIONS, ...options } as unknown as O &
    Omit<typeof DEPLOYMENT_OPTIONS, keyof O>;
  const argumentTable = args ?? (NONE as A);
  return {
    name,
    summary,
    description,
    args: argumentTable,
    options: table,
    run: (words, context) => run(parseCommandLine(words, table, argumentTable), context),
  };
}

/**
 * Finds the command of a group, and what follows its name; options may stand before the name.
 *
 * @throws UsageError for a name that is missing or unknown
 */
export function selectCommand(group: CommandGroup, words: readonly string[]): [Command, readonly string[]] {
  const options: OptionTable = Object.fromEntries(group.commands.flatMap((command) => Object.entries(command.options)));
  const [first] = findPositionals(words, options);
  const available = `Available: ${group.commands.map(({ name }) => name.slice(group.name.length + 1)).join(', ')}`;
  if (!first) throw new UsageError(`${group.name} requires a command. ${available}`);
  const command = group.commands.find(({ name }) => name === `${group.name} ${first.value}`);
  if (!command) throw new UsageError(`Unknown command "${group.name} ${first.value}". ${available}`);
  return [command, words.toSpliced(first.index, 1)];
}
