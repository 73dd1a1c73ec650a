import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { describe } from '../lib/platform/log';
import { endOfProcess } from '../local/process-end';
import { UsageError, type Command, type CommandContext } from './command-line/command';
import { check } from './commands/check';
import { explain } from './commands/explain';
import { listen } from './commands/listen';
import { notifications } from './commands/notifications';
import { play } from './commands/play';
import { reconcile } from './commands/reconcile';
import { register } from './commands/register';
import { secrets } from './commands/secrets';
import { send } from './commands/send';
import { sign } from './commands/sign';
import { useProxy } from './network/proxy';
import { whatIsLeft } from './terminal/interruption';
import { inOneLine, printable } from './terminal/printable';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ check, register, secrets, sign, explain, play, send, reconcile, notifications, listen }),
);

const HELP = `npm run vod -- <command> [options]

${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(15)}${summary}`).join('\n')}

npm run vod -- <command> --help says more. In scripts use \`npm run -s vod -- ...\`, which prints no lines of npm's own.
Exit code: 0 success, 1 something is wrong or could not be done, 2 the command line is wrong.`;

/** Runs one command line and returns its exit code. */
export async function main([name, ...args]: readonly string[], given: CommandContext): Promise<0 | 1 | 2> {
  const context = safeContext(given);
  const printHelp = (help: string) => {
    for (const line of help.split('\n')) context.out(line);
  };
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printHelp(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.get(name);
  if (!command) {
    context.err(`Unknown command "${name}". Available: ${[...COMMANDS.keys()].join(', ')}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    printHelp(`npm run vod -- ${command.usage}`);
    return 0;
  }
  try {
    await useProxy();
    return await command.run(args, context);
  } catch (error) {
    context.err(describe(error).reason);
    if (!(error instanceof UsageError)) return 1;
    context.err(`npm run vod -- ${name} --help lists the options`);
    return 2;
  }
}

/** Text of servers may be in a line: it stays one line, and no character acts on the terminal. */
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

/** From a terminal, without showing what is typed, or from a pipe: a line for each. */
async function askSecrets(prompts: readonly string[]): Promise<string[]> {
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const { stdin } = process;
  const lines = createInterface({ input: stdin, output: nowhere, terminal: stdin.isTTY });
  const iterator = lines[Symbol.asyncIterator]();
  const answers: string[] = [];
  for (const prompt of prompts) {
    if (stdin.isTTY) process.stderr.write(`${prompt} (not shown): `);
    const line = await iterator.next();
    if (stdin.isTTY) process.stderr.write('\n');
    answers.push(line.done === true ? '' : line.value);
  }
  lines.close();
  return answers;
}

/**
 * Returns a function that writes a line to the stream. When nobody reads the stream any more (`| head -1`), or it cannot take
 * more, lines are dropped and the command goes on: it may be between two steps that belong together.
 */
function lineWriter(stream: NodeJS.WriteStream): (line: string) => void {
  let isOpen = true;
  stream.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    const isFirst = isOpen;
    isOpen = false;
    if (!isFirst || CLOSED_PIPE.has(code) || stream === process.stderr) return;
    process.exitCode = 1;
    process.stderr.write(`The output is not complete: it could not be written (${code})\n`);
  });
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}

/** EOF is what Windows returns. */
const CLOSED_PIPE: ReadonlySet<string> = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ends the process on signals; an interruption between steps that belong together says what is left. Returns a function that
 * turns it off.
 */
function endOnSignals(err: (line: string) => void): () => void {
  const end = (signal: (typeof SIGNALS)[number]) => {
    const left = whatIsLeft();
    if (left !== undefined) err(printable(inOneLine(`Interrupted. ${left}`)));
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

async function runProcess(): Promise<void> {
  // Node 20 is supported by the pinned releases of the SDK: its warning is not about this user.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const out = lineWriter(process.stdout);
  const err = lineWriter(process.stderr);
  const ignoreSignals = endOnSignals(err);
  const code = await main(process.argv.slice(2), {
    // A copy: what .env adds to the process's environment is not the shell's.
    env: { ...process.env },
    folder: process.cwd(),
    out,
    err,
    askSecrets,
    now: Date.now,
    takeOverInterruptions: () => {
      ignoreSignals();
      return endOfProcess().signal;
    },
  });
  process.exitCode ??= code;
}

if (require.main === module) void runProcess();
