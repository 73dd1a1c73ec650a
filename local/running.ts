import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalFeatures } from './deployment';
import { StartupError } from './startup-error';

/** The URLs of a local run's parts. */
export interface Running {
  readonly url: string;
  readonly vodUrl: string;
  readonly tableUrl: string;
  readonly tableName: string;
  /** The parameter store has every secret, so its URL is known only to those who can read the data folder. */
  readonly parameterStoreUrl: string;
  readonly queuesUrl: string;
  readonly features: LocalFeatures;
}

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

/** Writes `running.json` for other programs of the same user; returns a function that removes it. */
export async function tellWhereItRuns(dataDir: string, running: Running): Promise<() => Promise<void>> {
  const file = fileIn(dataDir);
  await writeFile(file, JSON.stringify(running, undefined, 2), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/**
 * Reads `running.json` of this data folder; a run that was killed may have left it behind.
 *
 * @throws StartupError when there is no such file
 */
export async function whereItRuns(dataDir: string): Promise<Running> {
  try {
    // Only `tellWhereItRuns` writes this file.
    return JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Running;
  } catch {
    throw new StartupError(`No local run found for DATA_DIR ${dataDir}: run npm start with the same DATA_DIR`);
  }
}
