import { applySnapshot, type Snapshot } from '../../../lib/uploads/snapshot';
import type { Row } from '../../../lib/uploads/row';
import type { Task } from '../../../lib/vod/task';
import type { OpenedSourceContext } from '../../../lib/vod/source-context';

export const CREATED = '2026-11-22T08:00:00Z';
export const CREATED_AT = Date.parse(CREATED);
export const HOUR = 3_600_000;
/** A minute after the file was created. */
export const NOW = CREATED_AT + 60_000;

export const sealed: OpenedSourceContext = { seal: 'valid', uploader: 'user-42', sourceContext: 'order=7' };
export const withProcedure: OpenedSourceContext = { ...sealed, signedProcedure: true };
export const withoutProcedure: OpenedSourceContext = { ...sealed, signedProcedure: false };

interface Parts extends Partial<Omit<Snapshot, 'tasks'>> {
  readonly tasks?: Readonly<Record<string, Task>>;
}

/** VOD's response about a file without tasks, by default. */
export function snapshot({ tasks = {}, ...parts }: Parts = {}): Snapshot {
  return {
    fileId: '7',
    media: { url: 'http://v/f0.mp4', name: 'clip', size: 10, duration: 2.5, createTime: CREATED },
    context: withoutProcedure,
    isForbidden: false,
    ...parts,
    tasks: new Map(Object.entries(tasks)),
  };
}

export const BEGAN = '2026-11-22T08:00:02Z';
export const running: Task = { status: 'PROCESSING', _createTime: BEGAN };
export const succeeded: Task = { status: 'FINISH', failed: false, _createTime: BEGAN };
export const failed: Task = { status: 'FINISH', failed: true, errors: [{ code: 1 }], _createTime: BEGAN };
export const reviewing: Task = { ...running, _kind: 'review' };
export const reviewed = (suggestion: 'pass' | 'review' | 'block', label?: string): Task => ({
  status: 'FINISH',
  failed: false,
  _kind: 'review',
  _createTime: BEGAN,
  _review: { suggestion, ...(label !== undefined && { label }) },
});

/** The row that VOD's response makes where there was none, with the version of its first write. */
export function confirmedRow(parts: Parts = {}, now = NOW): Row {
  return { ...applySnapshot(undefined, snapshot(parts), now), version: 1, updatedAt: new Date(now).toISOString() };
}
