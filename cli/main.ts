import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { describe } from '../lib/platform/log';
import { check } from './check';
import { UsageError, type Edge, type Verb } from './command';
import { explain } from './explain';
import { register } from './register';
import { secrets } from './secrets';
import { send } from './send';
import { sign } from './sign';

const VERBS: Readonly<Record<string, Verb>> = { check, register, secrets, sign, explain, send };

const HELP = `npm run vod -- <verb> [options]

${Object.entries(VERBS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

npm run vod -- <verb> --help says more. Scripts take \`npm run -s vod -- ...\`, which prints nothing of npm's own.
Exit code: 0 fine, 1 something is wrong or could not be done, 2 the command line is.`;

/** Runs one command line and answers its exit code. */
export async function main([name, ...args]: readonly string[], edge: Edge): Promise<0 | 1 | 2> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    edge.out(HELP);
    return name === undefined ? 2 : 0;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) {
    edge.err(`There is no verb "${name}": it is one of ${Object.keys(VERBS).join(', ')}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    edge.out(`npm run vod -- ${verb.usage}`);
    return 0;
  }
  try {
    return await verb.run(args, edge);
  } catch (error) {
    edge.err(describe(error).reason);
    if (!(error instanceof UsageError)) return 1;
    edge.err(`npm run vod -- ${name} --help says what is possible`);
    return 2;
  }
}

/** What others wrote may be in it: no text steers the terminal. */
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
  // The SDK's word on Node 20 is no news to who runs this; the pinned releases support it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const edge: Edge = {
    env: process.env,
    folder: process.cwd(),
    out: (line) => process.stdout.write(`${printable(line)}\n`),
    err: (line) => process.stderr.write(`${printable(line)}\n`),
    askSecrets,
    now: Date.now,
  };
  void main(process.argv.slice(2), edge).then((code) => {
    process.exitCode = code;
  });
}
