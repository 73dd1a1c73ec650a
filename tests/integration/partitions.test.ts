import { hintsOf, merge } from '../../lib/uploads/merge';
import { toItem, type Item, type Row } from '../../lib/uploads/row';
import { applySnapshot, type Snapshot } from '../../lib/uploads/snapshot';
import { parseEvent } from '../../lib/vod/event';
import { seal } from '../../lib/vod/source-context';
import type { Task } from '../../lib/vod/task';
import { uploadsTableProperties } from '../support/backend';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { readUnits, storagesOf, writesOf, type KeyedStorage } from '../support/unit/capacity';

/** DynamoDB's limits for one value of a hash key in a second, of the table and of each index. */
const MAX_WRITE_UNITS = 1_000;
const MAX_READ_UNITS = 3_000;

const SEAL_KEY = 'seal key';
const START = Date.parse('2026-11-26T08:00:00Z');
/**
 * The writes of an upload take seven seconds, and the load is constant: every later second of an hour is like the last of
 * these.
 */
const SECONDS = 7;
const EVENTS_PER_SECOND = 1_000;

let storages: readonly KeyedStorage[];
beforeAll(async () => {
  storages = storagesOf(await uploadsTableProperties());
});

interface Load {
  readonly uploadsPerSecond: number;
  readonly hasProcedure: boolean;
  readonly uploaderOf: (index: number) => string;
  readonly sourceContextOf: (index: number) => string;
}

/** 1 000 events a second: with a procedure, an upload has two. */
const withProcedure = { uploadsPerSecond: EVENTS_PER_SECOND / 2, hasProcedure: true };
const withoutProcedure = { uploadsPerSecond: EVENTS_PER_SECOND, hasProcedure: false };
const manyUploaders = (index: number) => `user-${index}`;
const ownContext = (index: number) => `order=${index}`;

/** Sums units by second and key. */
class Tally {
  readonly #units = new Map<string, Map<string, number>>();

  add(storage: string, second: number, key: string, units: number): void {
    const ofStorage = this.#units.get(storage) ?? new Map<string, number>();
    const id = `${second} ${key}`;
    ofStorage.set(id, (ofStorage.get(id) ?? 0) + units);
    this.#units.set(storage, ofStorage);
  }

  /** The most units that one key of the table or index consumed in a second. */
  peakOf(storage: string): number {
    let peak = 0;
    for (const units of this.#units.get(storage)?.values() ?? []) peak = Math.max(peak, units);
    return peak;
  }
}

const finished: Task = {
  status: 'FINISH',
  failed: false,
  outputs: [100_010, 100_020, 100_030].map((definition) => ({
    type: 'Transcode',
    definition,
    url: `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodtranscq1500000001/5285890784273533167/v.f${definition}.mp4`,
  })),
  _createTime: new Date(START).toISOString(),
};

interface Consumed {
  readonly writes: Tally;
  readonly reads: Tally;
}

/** The writes of constant uploads, as the functions make them. */
function modelLoad(load: Load, declared: readonly KeyedStorage[] = storages): Consumed {
  const consumed = { writes: new Tally(), reads: new Tally() };
  let index = 0;
  // All writes of an upload without a procedure are made within two seconds.
  for (let second = 0; second < (load.hasProcedure ? SECONDS : 3); second++) {
    for (let place = 0; place < load.uploadsPerSecond; place++) modelUpload(load, index++, second, declared, consumed);
  }
  return consumed;
}

/** An event at once and its verification a second later; the end of the procedure and its verification after 5 and 6 s. */
function modelUpload(
  { hasProcedure, uploaderOf, sourceContextOf }: Load,
  index: number,
  uploadedAt: number,
  declared: readonly KeyedStorage[],
  { writes, reads }: Consumed,
): void {
  const taskId = `1500000001-procedurev2-${index}t0`;
  const file = {
    fileId: String(5_285_890_000_000_000_000n + BigInt(index)),
    ...(hasProcedure && { procedureTaskId: taskId }),
    sourceContext: seal(sourceContextOf(index), uploaderOf(index), hasProcedure, SEAL_KEY),
  };
  let row: Row | undefined;
  let item: Item | undefined;

  function store(second: number, after: Row): void {
    row = { ...after, version: (row?.version ?? 0) + 1, updatedAt: timeOf(second) };
    const next = toItem(row);
    for (const { storage, key, units } of writesOf(declared, item, next)) writes.add(storage, second, key, units);
    item = next;
  }
  function record(second: number, event: object): void {
    for (const hint of hintsOf(parseEvent(event), [SEAL_KEY])) {
      // Of an upload, the write is tried without a read.
      if (row) reads.add('table', second, row.fileId, readUnits(item));
      store(second, merge(row, hint, timeOf(second)));
    }
  }
  function verify(second: number, task: Task | undefined): void {
    const tasks = new Map(task ? [[taskId, task]] : []);
    store(second, applySnapshot(row, { ...describedFile(file), tasks }, START + second * 1_000));
  }

  record(uploadedAt, newFileUpload(file));
  verify(uploadedAt + 1, hasProcedure ? { status: 'PROCESSING', _createTime: timeOf(uploadedAt) } : undefined);
  if (!hasProcedure) return;
  record(uploadedAt + 5, procedureStateChanged(file, 'FINISH', { taskId }));
  verify(uploadedAt + 6, finished);
}

const timeOf = (second: number) => new Date(START + second * 1_000).toISOString();

/** VOD's response about a file, with the same content as its event. */
function describedFile(file: { readonly fileId: string }): Omit<Snapshot, 'tasks'> {
  const [hint] = hintsOf(parseEvent(newFileUpload(file)), [SEAL_KEY]);
  return { fileId: file.fileId, media: hint?.media ?? {}, context: hint?.context, isForbidden: false };
}

test('the table and its indexes are those of serverless.yml: by file, uploader and source context', () => {
  expect(storages.map(({ name, hash, range }) => [name, hash, range])).toEqual([
    ['table', 'fileId', undefined],
    ['byUploader', 'uploader', 'sortTime'],
    ['bySourceContext', 'sourceContext', 'sortTime'],
  ]);
});

describe('A18: no key of the table or of an index exceeds its limit at 1 000 events a second', () => {
  test.each<[string, Load, Readonly<Record<string, number>>]>([
    [
      'many uploaders, each upload with its own source context',
      { ...withProcedure, uploaderOf: manyUploaders, sourceContextOf: ownContext },
      { byUploader: 1, bySourceContext: 1 },
    ],
    [
      'one busy uploader, who makes 10 uploads a second of them',
      {
        ...withProcedure,
        uploaderOf: (index) => (index % 50 === 0 ? 'busy' : `user-${index}`),
        sourceContextOf: ownContext,
      },
      { byUploader: 10, bySourceContext: 1 },
    ],
    [
      'one popular source context that every upload has',
      { ...withProcedure, uploaderOf: manyUploaders, sourceContextOf: () => 'event=final' },
      { byUploader: 1, bySourceContext: 500 },
    ],
    [
      'one popular source context, in uploads without a procedure',
      { ...withoutProcedure, uploaderOf: manyUploaders, sourceContextOf: () => 'event=final' },
      { byUploader: 1, bySourceContext: 1_000 },
    ],
    [
      'no source context at all',
      { ...withProcedure, uploaderOf: manyUploaders, sourceContextOf: () => '' },
      { byUploader: 1, bySourceContext: 0 },
    ],
  ])('A18: no key exceeds its limit with %s', (_, load, expected) => {
    const { writes, reads } = modelLoad(load);
    for (const { name } of storages) {
      expect(writes.peakOf(name)).toBeLessThanOrEqual(MAX_WRITE_UNITS);
      expect(reads.peakOf(name)).toBeLessThanOrEqual(MAX_READ_UNITS);
    }
    // The table's key is the file: one write of a few kilobytes a second.
    expect(writes.peakOf('table')).toBeLessThanOrEqual(4);
    expect(Object.fromEntries(['byUploader', 'bySourceContext'].map((name) => [name, writes.peakOf(name)]))).toEqual(
      expected,
    );
  });

  test('A18: the model finds the hot key of an index whose hash key is the trust of a row', () => {
    const hotIndex: KeyedStorage = { name: 'byTrust', hash: 'trust', range: 'fileId', projected: ['trust', 'fileId'] };
    const load = { ...withProcedure, uploaderOf: manyUploaders, sourceContextOf: ownContext };
    const { writes } = modelLoad(load, [...storages, hotIndex]);
    expect(writes.peakOf('byTrust')).toBeGreaterThan(MAX_WRITE_UNITS);
  });
});
