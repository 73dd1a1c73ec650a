import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from './startup-error';

/** Where the parts of a local run answer. */
export interface Running {
  readonly url: string;
  readonly vodUrl: string;
  readonly tableUrl: string;
  readonly tableName: string;
  /** Holds every secret, so only who can read the data folder learns of it. */
  readonly parameterStoreUrl: string;
}

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

/** Writes it down for other programs of the same user, and answers what takes it away again. */
export async function tellWhereItRuns(dataDir: string, running: Running): Promise<() => Promise<void>> {
  const file = fileIn(dataDir);
  await writeFile(file, JSON.stringify(running, undefined, 2), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/**
 * What runs with this data folder; a run that was killed may still stand there.
 *
 * @throws StartupError when nothing does
 */
export async function whereItRuns(dataDir: string): Promise<Running> {
  try {
    // Only the function above writes it.
    return JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Running;
  } catch {
    throw new StartupError(`Nothing runs with DATA_DIR ${dataDir}: start it with npm start, with the same DATA_DIR`);
  }
}
