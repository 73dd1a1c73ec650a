import fc from 'fast-check';
import { hintsOf, merge, splitEntry, type Hint } from '../../../lib/uploads/merge';
import { fromItem, MAX_NEWS, toItem, type Row } from '../../../lib/uploads/row';
import { applySnapshot } from '../../../lib/uploads/snapshot';
import type { VodEvent } from '../../../lib/vod/event';
import { seal } from '../../../lib/vod/source-context';
import { confirmedRow, failed, HOUR, NOW, running, succeeded } from '../../support/unit/rows';

const now = new Date(NOW).toISOString();
const later = new Date(NOW + 1000).toISOString();

const hint = (parts: Partial<Hint> = {}): Hint => ({ fileId: '7', media: {}, news: [], ...parts });
const merged = (row: Row | undefined, ...hints: Hint[]) =>
  hints.reduce<Row>((before, one) => merge(before, one, later), row ?? merge(undefined, hint(), now));

describe('merge, a row that was never confirmed', () => {
  test('begins as "uploaded" and "pushed" with the facts of the upload event', () => {
    const context = { seal: 'valid', uploader: 'user-42', sourceContext: 'order=7' } as const;
    const row = merge(undefined, hint({ media: { url: 'u', size: 10 }, context }), now);
    expect(toItem(row)).toEqual({
      fileId: '7',
      status: 'uploaded',
      trust: 'pushed',
      url: 'u',
      size: 10,
      seal: 'valid',
      uploader: 'user-42',
      sourceContext: 'order=7',
      version: 0,
      firstSeenAt: now,
      updatedAt: now,
    });
  });

  test('is "processing" when an event names a task, whether the upload came before or after it', () => {
    const upload = hint({ media: { url: 'u' } });
    const task = hint({ news: ['task:t'] });
    expect(merged(undefined, upload).status).toBe('uploaded');
    expect(merged(undefined, upload, task).status).toBe('processing');
    expect(merged(undefined, task, upload).status).toBe('processing');
    expect(merged(undefined, hint({ news: ['end:t'] })).status).toBe('processing');
  });

  test('is not "ready", "failed", "rejected" or "deleted" by an event alone', () => {
    for (const entry of ['task:t', 'end:t', 'gone', 'parts:OriginalFiles']) {
      expect(['uploaded', 'processing']).toContain(merged(undefined, hint({ news: [entry] })).status);
    }
  });

  test('takes missing values from an event and keeps its own', () => {
    const first = hint({ media: { url: 'first', name: 'first' }, procedureTaskId: 'first' });
    const second = hint({ media: { url: 'second', size: 10 }, procedureTaskId: 'second' });
    const row = merged(undefined, first, second);
    expect(row.media).toEqual({ url: 'first', name: 'first', size: 10 });
    expect(row.procedureTaskId).toBe('first');
  });

  test('takes the source context as one fact, never a caller from one event and a text from another', () => {
    const text = hint({ context: { seal: 'none', sourceContext: 'order=666' } });
    const caller = hint({ context: { seal: 'valid', uploader: 'alice' } });
    expect(merged(undefined, caller, text).context).toEqual({ seal: 'valid', uploader: 'alice' });
    expect(merged(undefined, text, caller).context).toEqual({ seal: 'none', sourceContext: 'order=666' });
  });

  test('takes only the existence of the task from a task event', () => {
    const event: VodEvent = { type: 'ProcedureStateChanged', fileId: '7', taskId: 't', isFinished: true };
    const [only] = hintsOf(event, []);
    expect(merged(undefined, only ?? hint())).toMatchObject({ media: {}, news: ['end:t'], tasks: new Map() });
  });
});

describe('merge, a row that was confirmed once', () => {
  const row = confirmedRow({ tasks: { done: succeeded, wrong: failed, busy: running } });

  test.each<[string, Hint]>([
    ['a task that the row does not have', hint({ news: ['task:unknown'] })],
    ['the end of a task that the row does not have', hint({ news: ['end:unknown'] })],
    ['the end of a running task', hint({ news: ['end:busy'] })],
    ['the deletion of the file', hint({ news: ['gone'] })],
    ['the deletion of parts', hint({ news: ['parts:OriginalFiles'] })],
  ])('%s changes its trust and its news, and nothing else', (_, news) => {
    expect(merge(row, news, later)).toEqual({ ...row, trust: 'pushed', news: news.news });
  });

  test.each<[string, Hint]>([
    ['an upload event with other facts', hint({ media: { url: 'evil' }, context: { seal: 'none' } })],
    ['an upload event with known tasks', hint({ procedureTaskId: 'done', news: ['task:done', 'task:busy'] })],
    ['the begin of a running task', hint({ news: ['task:busy'] })],
    ['the begin of a finished task', hint({ news: ['task:done'] })],
    ['the end of a finished task', hint({ news: ['end:done'] })],
    ['the end of a failed task', hint({ news: ['end:wrong'] })],
  ])('%s leaves the same object', (_, known) => {
    expect(merge(row, known, later)).toBe(row);
  });

  test('a deletion of a deleted file leaves the same object', () => {
    const deleted = applySnapshot(row, 'not-found', NOW + HOUR);
    expect(deleted.status).toBe('deleted');
    for (const entry of ['gone', 'parts:OriginalFiles']) {
      expect(merge(deleted, hint({ news: [entry] }), later)).toBe(deleted);
    }
  });
});

describe('merge, repetitions', () => {
  test('the same hint again leaves the same object, confirmed or not', () => {
    const upload = hint({ media: { url: 'u' }, context: { seal: 'none' }, procedureTaskId: 't', news: ['task:t'] });
    for (const before of [undefined, confirmedRow()]) {
      const row = merged(before, upload);
      expect(merge(row, upload, later)).toBe(row);
    }
  });

  test('a new entry is noted also while the row is "pushed", so that no older response can be stored', () => {
    const row = merged(confirmedRow(), hint({ news: ['task:a'] }));
    const after = merge(row, hint({ news: ['task:b'] }), later);
    expect(after).not.toBe(row);
    expect(after.news).toEqual(['task:a', 'task:b']);
  });

  test('an entry of several that is known already is not noted twice', () => {
    const row = merged(confirmedRow(), hint({ news: ['task:a'] }));
    expect(merge(row, hint({ news: ['task:a', 'end:a'] }), later).news).toEqual(['task:a', 'end:a']);
  });

  test('the 20th entry is kept; a 21st gives a new object that differs in nothing, so that the version alone grows', () => {
    const entries = Array.from({ length: MAX_NEWS }, (_, index) => `task:${index}`);
    const full = merged(confirmedRow(), ...entries.map((entry) => hint({ news: [entry] })));
    expect(full.news).toEqual(entries);
    const after = merge(full, hint({ news: ['task:99'] }), later);
    expect(after).not.toBe(full);
    expect(after).toEqual(full);
    expect(merge(full, hint({ news: ['task:0'] }), later)).toBe(full);
  });

  test('a deletion of the whole file is added to a full list', () => {
    const names = Array.from({ length: MAX_NEWS }, (_, i) => `task:${i}`);
    const full = merge(undefined, hint({ news: names }), now);
    const { news } = merge(full, hint({ news: ['gone'] }), later);
    expect(news).toEqual([...names.slice(0, -1), 'gone']);
  });
});

describe('merge, a row with trust "unknown"', () => {
  const unknown = applySnapshot(merged(undefined, hint({ news: ['task:t'] })), 'not-found', NOW + HOUR);

  test('an event removes the expiry and the notice, and triggers a verification', () => {
    expect(unknown).toMatchObject({ trust: 'unknown', expiresAt: expect.any(Number), notice: expect.any(String) });
    const touched = merge(unknown, hint({ news: ['end:t'] }), later);
    expect(touched).toMatchObject({ trust: 'pushed', news: ['task:t', 'end:t'] });
    expect(toItem(touched)).not.toHaveProperty('_expiresAt');
    expect(toItem(touched)).not.toHaveProperty('notice');
  });

  test('a repeated event leaves the same object', () => {
    expect(merge(unknown, hint({ news: ['task:t'] }), later)).toBe(unknown);
  });
});

describe('hintsOf', () => {
  test('a deletion gives one hint for each file: whole files are "gone", others have their deleted parts', () => {
    const files = [
      { fileId: '1', parts: [] },
      { fileId: '2', parts: ['OriginalFiles', 'TranscodeFiles'] },
    ];
    expect(hintsOf({ type: 'FileDeleted', files }, []).map(({ fileId, news }) => [fileId, news])).toEqual([
      ['1', ['gone']],
      ['2', ['parts:OriginalFiles,TranscodeFiles']],
    ]);
  });

  test('an upload hint contains its procedure and its review, and the source context opened with the first matching key', () => {
    const sourceContext = seal('order=7', 'user-42', true, 'old');
    const upload = { type: 'NewFileUpload', fileId: '7', media: {}, droppedFields: [] } as const;
    const event: VodEvent = { ...upload, sourceContext, procedureTaskId: 'p', taskIds: ['p', 'r'] };
    expect(hintsOf(event, ['new', 'old'])).toEqual([
      {
        fileId: '7',
        media: {},
        context: { seal: 'valid', uploader: 'user-42', sourceContext: 'order=7', signedProcedure: true },
        procedureTaskId: 'p',
        news: ['task:p', 'task:r'],
      },
    ]);
  });

  test('an ignored event has no hint', () => {
    expect(hintsOf({ type: 'Ignored', eventType: 'EditMediaComplete' }, [])).toEqual([]);
  });

  test('the id of an entry may contain colons', () => {
    expect(splitEntry('task:a:b')).toEqual(['task', 'a:b']);
    expect(splitEntry('gone')).toEqual(['gone', '']);
  });
});

describe('H1: ids that are names of Object.prototype', () => {
  const names = Object.getOwnPropertyNames(Object.prototype);
  const id = fc.oneof(fc.constantFrom(...names), fc.string({ minLength: 1 }));

  test('H1: such an id of an unknown task is added once to the news of a confirmed row', () => {
    fc.assert(
      fc.property(id, fc.constantFrom('task', 'end'), (taskId, kind) => {
        const row = confirmedRow();
        const after = merge(row, hint({ news: [`${kind}:${taskId}`] }), later);
        expect(after.news).toEqual([`${kind}:${taskId}`]);
        expect(merge(after, hint({ news: [`${kind}:${taskId}`] }), later)).toBe(after);
      }),
    );
  });

  test('H1: the end of a task with such an id is news while it runs, and not once it has ended', () => {
    fc.assert(
      fc.property(id, (taskId) => {
        const end = hint({ news: [`end:${taskId}`] });
        const done = confirmedRow({ tasks: { [taskId]: succeeded } });
        const busy = confirmedRow({ tasks: { [taskId]: running } });
        expect(merge(done, end, later)).toBe(done);
        expect(merge(busy, end, later).trust).toBe('pushed');
      }),
    );
  });

  test('H1: such file and task ids are the same after toItem and fromItem', () => {
    fc.assert(
      fc.property(id, id, (fileId, taskId) => {
        const row: Row = { ...confirmedRow(), fileId, tasks: new Map([[taskId, succeeded]]), news: [`task:${taskId}`] };
        expect(fromItem(toItem(row))).toEqual(row);
      }),
    );
  });
});
