import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
const DEPLOYED_FILES = ['serverless.yml', 'deploy', 'functions', 'lib', 'package.json', 'tsconfig.json'];

export interface Resource {
  readonly Type: string;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
}

/** A copy of what is deployed: parallel runs share neither `.esbuild` nor the developer's `.env`. */
export interface Copy {
  readonly directory: string;
  /** Runs the framework with only these environment variables: no credentials, no region. */
  serverless(args: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Run>;
  /** The template of the last `package`. */
  template(): Promise<Template>;
  remove(): Promise<void>;
}

export async function copyOfTheProject(): Promise<Copy> {
  const parent = await mkdtemp(join(tmpdir(), 'vod-client-upload-'));
  const directory = join(parent, 'project');
  await mkdir(directory);
  for (const name of DEPLOYED_FILES) await cp(join(ROOT, name), join(directory, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));

  return {
    directory,
    serverless: (args, variables = {}) =>
      run(directory, args, { PATH: process.env['PATH'] ?? '', HOME: parent, ...variables }),
    template: async () =>
      JSON.parse(
        await readFile(join(directory, '.serverless', 'cloudformation-template-update-stack.json'), 'utf8'),
      ) as Template,
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

/** `cp .env.example .env` */
export function copyExampleTo(directory: string): Promise<void> {
  return cp(join(ROOT, '.env.example'), join(directory, '.env'));
}

function run(cwd: string, args: readonly string[], env: Record<string, string>): Promise<Run> {
  return new Promise((resolveRun, reject) => {
    const bin = join(ROOT, 'node_modules', 'serverless', 'bin', 'serverless.js');
    const child = spawn(process.execPath, [bin, ...args], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 240_000,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolveRun({ code, stdout });
    });
  });
}
