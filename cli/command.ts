import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Environment } from '../lib/platform/env';

/** What a verb knows of the world. */
export interface Edge {
  readonly env: Environment;
  /** Where .env is. */
  readonly folder: string;
  readonly out: (line: string) => void;
  /** For people: what a script that reads stdout must not meet. */
  readonly err: (line: string) => void;
  /** Asks for values that must not be shown, one answer for each prompt. */
  readonly askSecrets: (prompts: readonly string[]) => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** 0: fine; 1: something is wrong, or could not be done. Wrong usage is 2, which {@link UsageError} makes of it. */
export type ExitCode = 0 | 1;

export interface Verb {
  readonly summary: string;
  readonly usage: string;
  readonly run: (args: string[], edge: Edge) => Promise<ExitCode>;
}

/** A command line that cannot be understood; its message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options of every verb that speaks of a deployment, and the lines of its help about them. */
export const DEPLOYMENT_OPTIONS = {
  stage: { type: 'string' },
  region: { type: 'string' },
  local: { type: 'boolean' },
} as const;

export const DEPLOYMENT_USAGE = `
  --stage <name>   the deployment's stage; its names come from the shell and .env, as they do for the deploy (dev)
  --region <name>  its AWS region (AWS_REGION, else ap-southeast-1)
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
 * `--url`: a webhook that is not the stack's own, as a domain of one's own is.
 *
 * @throws UsageError when it is no URL, or events are pulled
 */
export function webhookOption(url: string | undefined, mode: 'PUSH' | 'PULL'): string | undefined {
  if (url === undefined) return undefined;
  if (!(URL.canParse(url) && /^https?:/.test(url))) {
    throw new UsageError('--url must be the URL of the webhook, https://.../vod-events');
  }
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') throw new UsageError('--url must not hold a user or password');
  if (mode === 'PULL') throw new UsageError('EVENT_MODE is pull: there is no URL to give');
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
