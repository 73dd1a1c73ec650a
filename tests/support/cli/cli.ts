import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { CommandContext } from '../../../cli/command-line/context';
import { main } from '../../../cli/main';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `npm run vod -- ...args` in this process. */
export async function vod(
  args: readonly string[],
  env: CommandContext['env'] = {},
  context: Partial<CommandContext> = {},
): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    env,
    folder: __dirname, // it has no .env
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    promptSecrets: () => Promise.reject(new Error('this test has no terminal')),
    now: Date.now,
    takeOverInterruptions: () => new AbortController().signal,
    ...context,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** The command as a script runs it. */
export async function npmRun(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<CommandResult> {
  const options = { cwd: join(__dirname, '../../..'), env: { ...process.env, ...env } };
  const child = spawn('npm', ['run', '-s', 'vod', '--', ...args], options);
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** CloudFormation's DescribeStacks, of one stack. */
export function cloudFormation(name: () => string, outputs: Readonly<Record<string, string>>): RequestListener {
  const members = () =>
    Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
  return (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const stack = name();
      const query = new URLSearchParams(body);
      const isThere = query.get('Action') === 'DescribeStacks' && query.get('StackName') === stack;
      response.writeHead(isThere ? 200 : 400, { 'content-type': 'text/xml' });
      response.end(
        isThere
          ? `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${stack}</StackName><Outputs>${members().join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
          : `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${query.get('StackName') ?? ''} does not exist</Message></Error></ErrorResponse>`,
      );
    });
  };
}
