import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Environment } from '../../lib/platform/env';

/** What a command may use of the world around it. */
export interface CommandContext {
  readonly env: Environment;
  /** Where .env is. */
  readonly folder: string;
  /** Writes a line to stdout. */
  readonly out: (line: string) => void;
  /** Writes a line to stderr: for people, where a script that reads stdout must not meet it. */
  readonly err: (line: string) => void;
  /** Asks for values that must not be shown; returns one answer for each prompt. */
  readonly askSecrets: (prompts: readonly string[]) => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a signal that an interruption (Ctrl-C) aborts from then on, in place of ending the process. */
  readonly takeOverInterruptions: () => AbortSignal;
}

/** 0: success; 1: something is wrong, or could not be done. Wrong usage is 2, see {@link UsageError}. */
export type ExitCode = 0 | 1;

export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly run: (args: string[], context: CommandContext) => Promise<ExitCode>;
}

/** A command line that cannot be understood; its message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options of every command that is about a deployment, and the lines of its help about them. */
export const DEPLOYMENT_OPTIONS = {
  stage: { type: 'string' },
  region: { type: 'string' },
  'aws-profile': { type: 'string' },
  local: { type: 'boolean' },
} as const;

export const DEPLOYMENT_USAGE = `
  --stage <name>   the deployment's stage; its names come from the shell and .env, as they do for the deploy (dev)
  --region <name>  its AWS region (AWS_REGION, else ap-southeast-1)
  --aws-profile <name>
                   profile of its AWS account, as for the deploy
  --local          what \`npm start\` runs, found by its DATA_DIR`;

/**
 * The options and positionals of a command line.
 *
 * @throws UsageError when they are others than `config` names
 */
export function readArgs<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * `--url`: a webhook that is not the stack's own, such as one behind a custom domain.
 *
 * @throws UsageError when it is not a URL, or events are pulled
 */
export function webhookOption(url: string | undefined, mode: 'PUSH' | 'PULL'): string | undefined {
  if (url === undefined) return undefined;
  if (!(URL.canParse(url) && /^https?:/.test(url))) {
    throw new UsageError('--url must be the URL of the webhook, https://.../vod-events');
  }
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') throw new UsageError('--url must not contain a user or password');
  if (mode === 'PULL') throw new UsageError('EVENT_MODE is pull: there is no webhook, remove --url');
  return url;
}

/**
 * An option that is a number.
 *
 * @throws UsageError
 */
export function integer(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw new UsageError(`--${name} must be a whole number, not "${value}"`);
}
