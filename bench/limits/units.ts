import { hintsOf, merge } from '../../lib/uploads/merge';
import { toItem, type Row } from '../../lib/uploads/row';
import { applySnapshot, type Snapshot } from '../../lib/uploads/snapshot';
import { parseEvent } from '../../lib/vod/event';
import { seal } from '../../lib/vod/source-context';
import type { Task } from '../../lib/vod/task';
import { newFileUpload, procedureStateChanged } from '../../tests/support/events';
import { writesOf, type KeyedStorage } from '../../tests/support/unit/capacity';
import { CALLER, SEAL_KEY } from '../values';

/** Write units of the table for each write about one upload, and of each index at the first confirmation. */
export interface RowUnits {
  /** The event of the upload, and VOD's response about it. */
  readonly upload: number;
  readonly confirmed: number;
  /** The event of the procedure's end, and VOD's response about it. */
  readonly end: number;
  readonly finished: number;
  readonly index: number;
}

const OUTPUTS = 3;
const FILE = { fileId: '5285890784273533167', procedureTaskId: '1500000001-procedurev2-5285890784273533167t0' };

/** Measures the rows that the production code makes of an upload with a procedure of three outputs. */
export function measureUnits(storages: readonly KeyedStorage[]): RowUnits {
  const createdAt = Date.parse('2026-11-22T08:00:00Z');
  const event = newFileUpload({ ...FILE, sourceContext: seal('order=7', CALLER, true, SEAL_KEY) });
  const [hint] = hintsOf(parseEvent(event), [SEAL_KEY]);
  const [endHint] = hintsOf(parseEvent(procedureStateChanged(FILE, 'FINISH', { taskId: FILE.procedureTaskId })), [
    SEAL_KEY,
  ]);
  if (!hint || !endHint) throw new Error('Cannot measure rows: the events name no file');
  const snapshotWith = (task: Task): Snapshot => ({
    fileId: FILE.fileId,
    media: hint.media,
    context: hint.context,
    isForbidden: false,
    tasks: new Map([[FILE.procedureTaskId, task]]),
  });
  const uploaded = merge(undefined, hint, new Date(createdAt).toISOString());
  const confirmed = applySnapshot(uploaded, snapshotWith({ status: 'PROCESSING' }), createdAt);
  const ended = merge(confirmed, endHint, new Date(createdAt).toISOString());
  const finished = applySnapshot(ended, snapshotWith(finishedTask()), createdAt);

  const unitsOf = (before: Row | undefined, after: Row, storage: string) =>
    writesOf(storages, before && toItem(before), toItem(after))
      .filter((write) => (write.storage === 'table') === (storage === 'table'))
      .reduce((sum, { units }) => sum + units, 0);
  const indexes = storages.length - 1;
  return {
    upload: unitsOf(undefined, uploaded, 'table'),
    confirmed: unitsOf(uploaded, confirmed, 'table'),
    end: unitsOf(confirmed, ended, 'table'),
    finished: unitsOf(ended, finished, 'table'),
    index: unitsOf(uploaded, confirmed, 'indexes') / indexes,
  };
}

function finishedTask(): Task {
  const url = 'http://1500000001.vod2.myqcloud.com/6c5d7b8dvodtranscq1500000001/5285890784273533167/v.f100020.mp4';
  const outputs = Array.from({ length: OUTPUTS }, (_, index) => ({
    type: 'Transcode',
    definition: 100_010 + index,
    url,
  }));
  return { status: 'FINISH', failed: false, outputs };
}
