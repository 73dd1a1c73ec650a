import fc from 'fast-check';
import { toItem, type Row } from '../../../lib/uploads/row';
import { faultEvent, faultEvents } from '../../support/faults';
import { endedTask, modelFile, startService } from '../../support/unit/service';
import type { ModelFile } from '../../support/unit/vod-model';

// The rows of the events of reported faults after their verification, see tests/fixtures/faults/README.md.

interface UploadBody {
  readonly FileUploadEvent: {
    readonly FileId: string;
    readonly MediaBasicInfo: ModelFile['basicInfo'];
    readonly MetaData: object;
    readonly ProcedureTaskId: string;
  };
}
interface FinishBody {
  readonly ProcedureStateChangeEvent: { readonly TaskId: string; readonly MetaData: object };
}

const upload = (name: string) => (JSON.parse(faultEvent(name)) as UploadBody).FileUploadEvent;
const finish = (name: string) => (JSON.parse(faultEvent(name)) as FinishBody).ProcedureStateChangeEvent;

/** The file that an upload event is about, as VOD describes it, with the procedure that the event names. */
function fileOf(name: string, { result, ...parts }: Partial<ModelFile> & { readonly result?: object } = {}): ModelFile {
  const { FileId, MediaBasicInfo, MetaData, ProcedureTaskId } = upload(name);
  const times = { createTime: '2026-11-22T11:59:02Z', finishTime: '2026-11-22T11:59:20Z' };
  const tasks = ProcedureTaskId === '' ? [] : [endedTask(ProcedureTaskId, { ...times, ...(result && { result }) })];
  return modelFile(FileId, { basicInfo: MediaBasicInfo, metaData: MetaData, tasks, ...parts });
}

const now = Date.parse('2026-11-22T12:00:00Z');
function startWith(...files: readonly ModelFile[]) {
  const service = startService(files);
  service.clock.advance(now - service.clock.now());
  return service;
}
/** The content of a row, without when and how often it was written. */
function contentOf(row: Row) {
  const { version, firstSeenAt, updatedAt, confirmedAt, ...content } = toItem(row);
  return content;
}

const CLIP = upload('02a').FileId;
const SENT_AGAIN = upload('07a').FileId;
const REVIEWED = upload('14a').FileId;
const FORBIDDEN = upload('14c').FileId;

test.each([
  ['02a', '02b'],
  ['02b', '02a'],
])("V2: %s, then %s: the row has VOD's figures once VOD has analysed the file", async (...names) => {
  const service = startWith(fileOf('02a'));
  for (const name of names) await service.receive(JSON.parse(faultEvent(name)));
  await service.verify([CLIP]);
  expect(service.row(CLIP).media).toMatchObject({ size: 4_372_373 });
  expect(service.row(CLIP).media).not.toHaveProperty('duration');
  service.vod.put(fileOf('02a', { metaData: finish('02b').MetaData }));
  await service.verify([CLIP]);
  expect(service.row(CLIP)).toMatchObject({
    status: 'ready',
    trust: 'confirmed',
    media: { size: 4_372_373, duration: 52.209, width: 854, height: 480 },
  });
});

test("V4: verification stores VOD's current cover, name and domain, and no line of it is an alarm", async () => {
  const service = startWith(fileOf('07a'));
  for (const name of ['07a', '07b', '07c', '07d']) {
    await service.receive(JSON.parse(faultEvent(name)));
    service.vod.put(fileOf(name));
    await service.verify([SENT_AGAIN]);
    const { Name, CoverUrl, MediaUrl } = upload(name).MediaBasicInfo as unknown as Record<string, string>;
    expect(service.row(SENT_AGAIN)).toMatchObject({
      trust: 'confirmed',
      status: 'ready',
      media: { name: Name, coverUrl: CoverUrl, url: MediaUrl },
    });
  }
  expect(service.lines).toEqual([]);
});

test.each([
  ['14a', '14b'],
  ['14b', '14a'],
])('V3: %s, then %s: a file that the AI review of its procedure blocks is rejected', async (...names) => {
  const service = startWith(fileOf('14a', { result: finish('14b') }));
  for (const name of names) await service.receive(JSON.parse(faultEvent(name)));
  await service.verify([REVIEWED]);
  expect(service.row(REVIEWED)).toMatchObject({
    status: 'rejected',
    review: { suggestion: 'block' },
    rejection: { reason: 'review' },
  });
});

test('V3: a file that VOD forbids (14c) is rejected', async () => {
  const service = startWith(fileOf('14c'));
  await service.receive(JSON.parse(faultEvent('14c')));
  await service.verify([FORBIDDEN]);
  expect(service.row(FORBIDDEN)).toMatchObject({ status: 'rejected', rejection: { reason: 'forbidden' } });
});

test('V2 to V5: any of these events in any order lead to the values of VOD alone', async () => {
  const files = [fileOf('02a'), fileOf('07d'), fileOf('14a', { result: finish('14b') }), fileOf('14c')];
  const ids = [CLIP, SENT_AGAIN, REVIEWED, FORBIDDEN];
  const alone = startWith(...files);
  await alone.verify(ids);
  const truth = ids.map((fileId) => contentOf(alone.row(fileId)));
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...faultEvents, ...faultEvents]), async (names) => {
      const service = startWith(...files);
      for (const name of names) await service.receive(JSON.parse(faultEvent(name)));
      // As `reconcile` finds them, which lists all tasks that ended.
      await service.verify(ids, { taskIds: [] });
      expect(ids.map((fileId) => contentOf(service.row(fileId)))).toEqual(truth);
    }),
  );
});
