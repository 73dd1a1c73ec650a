import { join } from 'node:path';
import { config } from 'dotenv';
import { expand } from 'dotenv-expand';
import type { Environment } from '../../lib/platform/env';
import { UsageError } from '../command-line/usage-error';

/** The framework's rule (lib/utils/stage-pattern.js); the name becomes part of a file's name. */
const STAGE = /^[a-zA-Z0-9-]+$/;
/** The library prints nothing, whatever the shell and the file say. */
const QUIET = { DOTENV_CONFIG_DEBUG: '', DOTENV_CONFIG_QUIET: 'true' };

export interface DeployEnvironment {
  /** The shell's variables and the file's, as the deploy of the stage sees them. */
  readonly variables: Environment;
  /** Names of the variables that the file sets. */
  readonly fromFile: readonly string[];
}

/**
 * Reads `.env.<stage>`, or `.env` where there is none, with the libraries and in the order of the framework
 * (node_modules/serverless/lib/cli/load-dotenv.js): a variable of the shell wins unless it is empty.
 *
 * @throws UsageError for a stage that the framework refuses, Error when the file cannot be read
 */
export function loadDotenv(folder: string, stage: string, shell: Environment): DeployEnvironment {
  if (!STAGE.test(stage)) throw new UsageError('--stage must consist of letters, digits and hyphens');
  for (const name of [`.env.${stage}`, '.env']) {
    const processEnv: Record<string, string> = { ...omitMissing(shell), ...QUIET };
    const { parsed = {}, error } = config({ path: join(folder, name), quiet: true, processEnv });
    if (error === undefined) {
      expand({ parsed, processEnv });
      return { variables: processEnv, fromFile: Object.keys(parsed) };
    }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new Error(`Cannot read ${name}: ${message}`, { cause: error });
  }
  return { variables: shell, fromFile: [] };
}

function omitMissing(variables: Environment): Record<string, string> {
  const set: [string, string][] = [];
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) set.push([name, value]);
  return Object.fromEntries(set);
}
