import fc from 'fast-check';
import { eventRecorder } from '../../lib/events/ingest';
import { identifyMessage } from '../../lib/events/identify';
import { toItem, type Row } from '../../lib/uploads/row';
import { uploadQuota } from '../../lib/signing/quota';
import { tokenBucket } from '../../lib/signing/token-bucket';
import { isCaller, open, seal } from '../../lib/vod/source-context';
import { fileDeleted, newFileUpload, newFileUpload2, procedureStateChanged } from '../support/events';
import { memoryIndex, memoryStore } from '../support/unit/memory-store';
import { CREATED, endedTask, modelFile, SEAL_KEY, startService } from '../support/unit/service';
import { userRoutes } from '../support/unit/users';

// Ids, types and names that others write are keys of nothing that inherits: drawn from what every object inherits.

const NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'then', 'toJSON', 'length', 'prototype'];
const FILES = ['1001', '1002', '1003'];
const name = fc.constantFrom(...NAMES);
const fileId = fc.constantFrom(...FILES);

const bool = fc.boolean();
const event = fc.oneof(
  fc.tuple(fileId, name, name, bool).map(([id, taskId, text, isOld]) => {
    const file = { fileId: id, procedureTaskId: taskId, sourceContext: text, url: `http://evil/${text}` };
    return isOld ? newFileUpload2(file) : newFileUpload(file);
  }),
  fc.tuple(fileId, name, bool).map(([id, taskId, isEnd]) => {
    return procedureStateChanged({ fileId: id }, isEnd ? 'FINISH' : 'PROCESSING', { taskId, failed: isEnd });
  }),
  fc.tuple(fileId, name, bool).map(([id, Type, isWhole]) => {
    const details = [{ FileId: id, DeleteParts: isWhole ? [] : [{ Type }] }];
    return isWhole
      ? fileDeleted({ fileId: id })
      : { EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: [id], FileDeleteResultInfo: details } };
  }),
  // As JSON.parse makes it, `__proto__` is a member like any other.
  fc
    .tuple(name, name, fileId)
    .map(([EventType, member, FileId]): unknown =>
      JSON.parse(`{"EventType":"${EventType}","${member}":{"FileId":"${FileId}","TaskId":"${member}"}}`),
    ),
);

/** Three files of callers with such names, each with tasks of such names and results of such types. */
function filesWith(names: readonly string[]) {
  return FILES.map((id, index) => {
    const [caller = 'toString', taskId = 'constructor', type = 'valueOf'] = names.slice(index);
    const SourceContext = seal(type, caller, true, SEAL_KEY);
    const result = {
      MediaProcessResultSet: [
        { Type: type, [`${type}Task`]: { Status: 'SUCCESS', Output: { Url: `http://v/${id}` } } },
      ],
      AiContentReviewResultSet: [{ Type: type, PornTask: { Output: { Suggestion: type, Label: type } } }],
    };
    return modelFile(id, {
      basicInfo: { Name: type, CreateTime: CREATED, MediaUrl: 'u', SourceInfo: { SourceType: type, SourceContext } },
      tasks: [endedTask(taskId, { result })],
    });
  });
}

function contentOf(row: Row) {
  const { version, firstSeenAt, updatedAt, confirmedAt, ...content } = toItem(row);
  return content;
}

test("H1: events with such ids, types and texts, in any order, leave only VOD's values in the rows", async () => {
  // Each once, because a task belongs to one file.
  const namesOfFiles = fc.shuffledSubarray(NAMES, { minLength: 5, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(namesOfFiles, fc.array(event, { maxLength: 30 }), async (names, events) => {
      const truth = startService(filesWith(names));
      await truth.verify(FILES);
      const service = startService(filesWith(names));
      for (const body of events) {
        await service.receive(body);
        if (events.indexOf(body) % 7 === 6) await service.verify(service.store.ids());
      }
      await service.verify(FILES);
      await service.verify(FILES, { taskIds: [] });
      for (const id of FILES) {
        const row = service.row(id);
        expect(row).toMatchObject({ trust: 'confirmed', status: 'ready' });
        expect(contentOf(row)).toEqual(contentOf(truth.row(id)));
      }
    }),
    { numRuns: 60 },
  );
});

test('H1: each event is recorded, repeated, dropped or ignored, and its log line has no inherited member', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 20 }), async (events) => {
      const store = memoryStore(() => 0);
      const record = eventRecorder({ store, now: () => 0 });
      for (const body of events) {
        const { recorded } = await record(body, [], 1);
        expect(['recorded', 'repeated', 'ignored']).toContain(recorded.outcome);
        for (const line of [recorded, identifyMessage(body)]) {
          expect(line.eventType).toMatch(/^(Other|NewFileUpload|ProcedureStateChanged|FileDeleted)$/);
          for (const id of line.fileIds) expect(FILES).toContain(id);
        }
      }
      for (const id of store.ids()) expect(FILES).toContain(id);
    }),
    { numRuns: 60 },
  );
});

test('H1: callers with such names are callers like any other: in seals, rate limit, quota, and the uploads that they see', async () => {
  for (const caller of NAMES) {
    expect(isCaller(caller)).toBe(true);
    expect(open(seal(caller, caller, false, 'key'), ['key'])).toMatchObject({
      uploader: caller,
      sourceContext: caller,
    });
  }
  const secondsToWait = tokenBucket({ perMinute: 1, burst: 3 });
  for (const caller of NAMES) {
    expect([1, 2, 3, 4].map(() => secondsToWait(caller, 0))).toEqual([0, 0, 0, 60]);
  }
  const files = NAMES.map((caller, index) => {
    const SourceContext = seal('', caller, false, SEAL_KEY);
    return modelFile(String(index), { basicInfo: { CreateTime: CREATED, SourceInfo: { SourceContext } } });
  });
  const service = startService(files);
  await service.verify(NAMES.map((_, index) => String(index)));
  const { read } = userRoutes(service);
  const secondsToQuota = uploadQuota(memoryIndex(service.store), 1, service.clock.now);
  for (const [index, caller] of NAMES.entries()) {
    const { body } = await read(caller);
    expect(body).toMatchObject({ uploads: [{ fileId: String(index) }] });
    expect(await secondsToQuota(caller, 0)).toBeGreaterThan(0);
    expect((await read(caller, { fileId: String((index + 1) % NAMES.length) })).status).toBe(404);
    expect((await read(caller, { fileId: caller })).status).toBe(404);
    expect((await read(caller, { query: { [caller]: caller, sourceContext: caller } })).status).toBe(200);
  }
});
