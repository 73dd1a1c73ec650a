import type { Item } from '../../lib/uploads/row';
import type { Phase } from '../../lib/verification/checkpoint';
import { candidatePages } from '../../lib/verification/candidates';
import { emptyMeter, modelLibrary, modelStore } from '../scale-model';
import { modelVod } from '../scale-vod';
import { virtualTime } from '../virtual-time';

const FILES = 20_000;
/** Created in this time before the run, in milliseconds: within what each run reads. */
const AGE = 600_000;

/**
 * How many files the production code of a phase of `reconcile` examines a second when it has nothing to verify, in virtual
 * time: each page is one call of VOD, and one read of the table.
 */
export async function filesPerSecond(phase: Extract<Phase, 'recent' | 'tasks'>): Promise<number> {
  const clock = virtualTime(Date.parse('2026-11-26T00:00:00Z'));
  const library = modelLibrary();
  for (let index = 0; index < FILES; index++) {
    library.files.push({ createdAt: clock.now() - AGE + Math.floor((index * AGE) / FILES), isSealed: true });
  }
  const meter = emptyMeter();
  const store = modelStore({
    items: new Map<string, Item>(),
    clock,
    library,
    storages: [],
    meter: () => meter,
    onPage: () => undefined,
  });
  const startedAt = clock.now();
  const pages = candidatePages[phase]({
    vod: modelVod(library, clock, () => undefined)({ deadline: Infinity }),
    store,
    checkpoint: {},
    runStartedAt: startedAt,
    deadline: Infinity,
  });
  async function count(): Promise<number> {
    let examined = 0;
    for await (const page of pages) examined += page.examined;
    return examined;
  }
  const examined = await clock.run(count());
  return examined / ((clock.now() - startedAt) / 1_000);
}
