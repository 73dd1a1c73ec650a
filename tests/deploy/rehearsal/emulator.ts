import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Account } from './account';

const run = promisify(execFile);
const script = (name: string) => join(__dirname, name);

const NEEDED =
  'import sys, moto, boto3, flask, cfnlint; print(sys.executable, moto.__version__, cfnlint.version.__version__)';

/** How often the account is read before an error counts. */
const MAX_READS = 5;

export interface Python {
  readonly executable: string;
  readonly moto: string;
  readonly cfnLint: string;
}

/** A Python that has moto with its server, and cfn-lint: the one in the variable PYTHON, or the first that is found. */
export async function findPython(): Promise<Python | undefined> {
  const chosen = process.env['PYTHON'];
  const installed = async () => (await run('pyenv', ['versions', '--bare']).catch(() => ({ stdout: '' }))).stdout;
  const tries: [string, Record<string, string>][] = chosen
    ? [[chosen, {}]]
    : ['python3', 'python'].map((name) => [name, {}]);
  for (const version of chosen ? [] : (await installed()).split('\n').filter(Boolean).reverse()) {
    tries.push(['python3', { PYENV_VERSION: version }]);
  }
  for (const [program, env] of tries) {
    try {
      const { stdout } = await run(program, ['-c', NEEDED], { env: { ...process.env, ...env } });
      const [executable = '', moto = '', cfnLint = ''] = stdout.trim().split(' ');
      return { executable, moto, cfnLint };
    } catch {
      continue; // not installed, or without one of the modules
    }
  }
  return undefined;
}

export interface Emulator {
  /** Environment of a program that uses the emulator as AWS; the credentials are invalid elsewhere. */
  readonly env: Readonly<Record<string, string>>;
  readonly read: () => Promise<Account>;
  /** Runs one of AWS's calls. */
  readonly call: (service: string, operation: string, parameters: object) => Promise<void>;
  /** Makes the creation of one resource fail, "<stack> <logical id>"; '' for none. */
  readonly failResource: (resource: string) => void;
  readonly stop: () => Promise<void>;
}

/** An empty AWS on a free port of 127.0.0.1, which ends when this program does. */
export async function startEmulator({ executable }: Python, region: string): Promise<Emulator> {
  const args = [script('moto_server.py'), '-H', '127.0.0.1', '-p', '0'];
  const child = spawn(executable, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const output: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      output.push(line);
      const [, address] = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.on('error', reject).on('exit', () => {
      reject(new Error(`Cannot start the emulator:\n${output.slice(-10).join('\n')}`));
    });
  });
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'rehearsal',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    SLS_AWS_MONITORING_FREQUENCY: '200', // milliseconds between polls; the framework's default is 5 s
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const python = async (...given: string[]) => {
    const { stdout } = await run(executable, given, { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
    return stdout;
  };
  return {
    env,
    read: async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return JSON.parse(await python(script('read_account.py'))) as Account;
        } catch (error) {
          // Another stage's deploy may remove what was listed before it is read.
          if (attempt === MAX_READS) throw error;
        }
      }
    },
    call: async (service, operation, parameters) => {
      const code = 'import boto3, json, sys; a = sys.argv; getattr(boto3.client(a[1]), a[2])(**json.loads(a[3]))';
      await python('-c', code, service, operation, JSON.stringify(parameters));
    },
    failResource: (resource) => {
      child.stdin.write(`${resource}\n`);
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** The findings of cfn-lint about these templates; '' when there are none. */
export async function lint({ executable }: Python, templates: readonly string[]): Promise<string> {
  try {
    await run(executable, ['-c', 'from cfnlint.runner import main; main()', '--', ...templates]);
    return '';
  } catch (error) {
    const { stdout = '', message } = error as Error & { stdout?: string };
    return stdout || message;
  }
}
