import { constants } from 'node:os';
import { describe } from '../lib/platform/log';
import { endOfProcess } from '../local/process-end';
import { selectCommand, type Command, type CommandGroup } from './command-line/command';
import type { CommandContext } from './command-line/context';
import { allCommands, helpText, overview, usageLine } from './command-line/usage';
import { UsageError } from './command-line/usage-error';
import { COMMANDS } from './commands/list';
import { useProxy } from './network/proxy';
import { promptSecrets } from './terminal/prompt-secrets';
import { interruptionMessage } from './terminal/interruption';
import { lineWriter } from './terminal/line-writer';
import { inOneLine, printable } from './terminal/printable';

/** Runs one command line and returns its exit code. */
export async function main([name, ...words]: readonly string[], callerContext: CommandContext): Promise<0 | 1 | 2> {
  const context = safeContext(callerContext);
  const print = (lines: readonly string[]) => {
    for (const line of lines) context.out(line);
  };
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(overview(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  const entry = COMMANDS.find((one) => one.name === name);
  if (!entry) {
    context.err(`Unknown command "${name}". Available: ${COMMANDS.map((one) => one.name).join(', ')}`);
    return 2;
  }
  if (words.includes('--help') || words.includes('-h')) {
    const command = allCommands([entry]).find((one) => one.name === `${name} ${words[0] ?? ''}`);
    print(helpText(command ?? entry));
    return 0;
  }
  return runCommand(entry, words, context);
}

async function runCommand(
  entry: Command | CommandGroup,
  words: readonly string[],
  context: CommandContext,
): Promise<0 | 1 | 2> {
  let used = entry;
  try {
    const [command, ownWords] = 'commands' in entry ? selectCommand(entry, words) : [entry, words];
    used = command;
    await useProxy();
    return await command.run(ownWords, context);
  } catch (error) {
    context.err(describe(error).reason);
    if (!(error instanceof UsageError)) return 1;
    context.err(usageLine(used));
    return 2;
  }
}

/** Makes lines safe for a terminal, because they may contain text of servers: no control characters, and errors in one line. */
function safeContext(context: CommandContext): CommandContext {
  return {
    ...context,
    out: (line) => {
      context.out(printable(line));
    },
    err: (line) => {
      context.err(printable(inOneLine(line)));
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ends the process on signals, and prints what an interruption leaves half-done. Returns a function that turns this off.
 */
function endOnSignals(err: (line: string) => void): () => void {
  const end = (signal: (typeof SIGNALS)[number]) => {
    const message = interruptionMessage();
    if (message !== undefined) err(printable(inOneLine(`Interrupted. ${message}`)));
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

async function runProcess(): Promise<void> {
  // The pinned releases of the SDK support Node 20, so their warning does not apply.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const out = lineWriter(process.stdout);
  const err = lineWriter(process.stderr);
  const ignoreSignals = endOnSignals(err);
  const code = await main(process.argv.slice(2), {
    // A copy, because .env is added to the process's environment later, and the shell's variables win over it.
    env: { ...process.env },
    folder: process.cwd(),
    out,
    err,
    promptSecrets,
    now: Date.now,
    takeOverInterruptions: () => {
      ignoreSignals();
      return endOfProcess().signal;
    },
  });
  process.exitCode ??= code;
}

if (require.main === module) void runProcess();
