import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCached } from './bundled-functions';
import { resolveCached } from './deploy/resolved-config';
import { startLocal, type LocalOptions, type LocalRun } from '../../local/run';

/** A serverless.yml with handlers that respond, fail, crash and dawdle. */
export const fixtureProject = join(__dirname, '..', 'fixtures', 'local');

export interface TestRun extends LocalRun {
  /** The log lines of the functions so far. */
  readonly lines: readonly string[];
}

/**
 * A local run on free ports, with a data folder of its own unless one is given; `stop` removes that folder again.
 * Schedules are off unless a test turns them on: it calls scheduled functions itself.
 */
export async function startTestRun(options: Partial<LocalOptions> = {}): Promise<TestRun> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const lines: string[] = [];
  const run = await startLocal({
    port: 0,
    vodPort: 0,
    tablePort: 0,
    schedules: false,
    resolve: resolveCached,
    bundle: bundleCached,
    log: (line) => lines.push(line),
    ...options,
    dataDir,
  });
  const stop = async () => {
    await run.stop();
    if (!options.dataDir) await rm(dataDir, { recursive: true });
  };
  return { ...run, lines, stop };
}

/** An empty folder for a test's data. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'vod-client-upload-'));
}
