import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { describe } from '../lib/platform/log';
import { UsageError, type Command, type CommandContext } from './command';
import { check } from './commands/check';
import { explain } from './commands/explain';
import { notifications } from './commands/notifications';
import { play } from './commands/play';
import { reconcile } from './commands/reconcile';
import { register } from './commands/register';
import { secrets } from './commands/secrets';
import { send } from './commands/send';
import { sign } from './commands/sign';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ check, register, secrets, sign, explain, play, send, reconcile, notifications }),
);

const HELP = `npm run vod -- <command> [options]

${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(15)}${summary}`).join('\n')}

npm run vod -- <command> --help says more. In scripts use \`npm run -s vod -- ...\`, which prints no lines of npm's own.
Exit code: 0 success, 1 something is wrong or could not be done, 2 the command line is wrong.`;

/** Runs one command line and returns its exit code. */
export async function main([name, ...args]: readonly string[], context: CommandContext): Promise<0 | 1 | 2> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    context.out(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.get(name);
  if (!command) {
    context.err(`Unknown command "${name}". Available: ${[...COMMANDS.keys()].join(', ')}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    context.out(`npm run vod -- ${command.usage}`);
    return 0;
  }
  try {
    return await command.run(args, context);
  } catch (error) {
    context.err(describe(error).reason);
    if (!(error instanceof UsageError)) return 1;
    context.err(`npm run vod -- ${name} --help lists the options`);
    return 2;
  }
}

/** Text of others may be in it: no control character reaches the terminal. */
function printable(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
    answers.push(line.done === true ? '' : line.value.trim());
  }
  lines.close();
  return answers;
}

if (require.main === module) {
  // Node 20 is supported by the pinned releases of the SDK: its warning is not about this user.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const context: CommandContext = {
    env: process.env,
    folder: process.cwd(),
    out: (line) => process.stdout.write(`${printable(line)}\n`),
    err: (line) => process.stderr.write(`${printable(line)}\n`),
    askSecrets,
    now: Date.now,
  };
  void main(process.argv.slice(2), context).then((code) => {
    process.exitCode = code;
  });
}
