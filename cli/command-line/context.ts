import type { Environment } from '../../lib/platform/env';

/** The parts of its process that a command may use. */
export interface CommandContext {
  readonly env: Environment;
  /** Where .env is. */
  readonly folder: string;
  /** Writes a line to stdout. */
  readonly out: (line: string) => void;
  /** Writes a line to stderr, which a script that reads stdout does not get. */
  readonly err: (line: string) => void;
  /** Prompts for values that must not be shown; resolves to one value for each prompt. */
  readonly promptSecrets: (prompts: readonly string[]) => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a signal that an interruption (Ctrl-C) aborts from then on, instead of ending the process. */
  readonly takeOverInterruptions: () => AbortSignal;
}

/** 0: success; 1: a fault was found, or the command failed. Wrong usage is 2: UsageError in ./usage-error. */
export type ExitCode = 0 | 1;
