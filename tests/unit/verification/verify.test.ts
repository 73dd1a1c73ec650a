import { RefusedRowError } from '../../../lib/uploads/store';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { HOUR } from '../../support/unit/rows';
import { endedTask, modelFile, startService, type Service } from '../../support/unit/service';
import { fakeVod, refusal } from '../../support/unit/vod-model';

const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const filesOf = (fileIds: readonly string[]) => fileIds.map((fileId) => modelFile(fileId));
const outcomesOf = (verified: readonly { readonly outcome: string }[]) => verified.map(({ outcome }) => outcome);

function putBack(service: Service): Promise<void> {
  service.vod.put(modelFile('1000'));
  return Promise.resolve();
}

/** Files that VOD had and that were confirmed. */
async function confirmed(fileIds: readonly string[]) {
  const service = startService(filesOf(fileIds));
  await service.verify(fileIds);
  expect(fileIds.map((fileId) => service.row(fileId).trust)).toEqual(fileIds.map(() => 'confirmed'));
  return service;
}

describe('verify', () => {
  test('describes 20 files per call and returns the result of each, in their order', async () => {
    const service = startService(filesOf(ids(45)));
    const verified = await service.verify(ids(45));
    expect(verified.map(({ fileId }) => fileId)).toEqual(ids(45));
    expect(new Set(outcomesOf(verified))).toEqual(new Set(['written']));
    expect(service.vod.count('DescribeMediaInfos')).toBe(3);
    expect(service.store.ids()).toHaveLength(45);
  });

  test('returns "unchanged" and writes nothing where the row already has VOD\'s values', async () => {
    const service = await confirmed(['7']);
    expect(outcomesOf(await service.verify(['7']))).toEqual(['unchanged']);
    expect(service.store.writes).toHaveLength(1);
  });

  test('returns the row with the version that it has now', async () => {
    const service = startService([modelFile('7')]);
    await service.receive(newFileUpload({ fileId: '7' }));
    const [verified] = await service.verify(['7']);
    expect(verified?.row?.version).toBe(2);
    expect(service.row('7').version).toBe(2);
  });

  test('ignores a file that has no row and that VOD does not have', async () => {
    const service = startService();
    expect(outcomesOf(await service.verify(['7']))).toEqual(['unchanged']);
    expect(service.store.ids()).toEqual([]);
  });
});

describe('verify, a file that VOD no longer has', () => {
  test('is deleted with the second response', async () => {
    const service = await confirmed(['7']);
    service.vod.remove('7');
    const [first] = await service.verify(['7']);
    expect(first).toMatchObject({ outcome: 'waiting', openQuestion: 'missing' });
    expect(service.row('7').status).toBe('ready');
    expect(outcomesOf(await service.verify(['7'], { openQuestion: 'missing' }))).toEqual(['written']);
    expect(service.row('7')).toMatchObject({ status: 'deleted', trust: 'confirmed' });
  });

  test('is deleted at once when a FileDeleted event named it', async () => {
    const service = await confirmed(['7']);
    service.vod.remove('7');
    await service.receive(fileDeleted({ fileId: '7' }));
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'deleted', trust: 'confirmed' });
  });

  test('is not deleted at once with an open question other than a missing file or a deletion', async () => {
    const service = await confirmed(['7']);
    service.vod.remove('7');
    for (const openQuestion of ['no-response', 'analysis', 'procedure', 'held', 'unknown'] as const) {
      const [verified] = await service.verify(['7'], { openQuestion });
      expect(verified).toMatchObject({ outcome: 'waiting', openQuestion: 'missing' });
    }
  });

  test('is unchanged when VOD has it again at the second look', async () => {
    const service = await confirmed(['7']);
    service.vod.remove('7');
    await service.verify(['7']);
    service.vod.put(modelFile('7'));
    expect(outcomesOf(await service.verify(['7'], { openQuestion: 'missing' }))).toEqual(['unchanged']);
  });
});

describe('verify, twenty confirmed files that vanish at once', () => {
  test('change nothing and are reported, because the application id may be wrong', async () => {
    const service = await confirmed(ids(20));
    for (const fileId of ids(20)) service.vod.remove(fileId);
    for (const openQuestion of [undefined, 'missing'] as const) {
      const verified = await service.verify(ids(20), openQuestion && { openQuestion });
      expect(new Set(outcomesOf(verified))).toEqual(new Set(['withheld']));
    }
    expect(service.store.writes).toHaveLength(20);
    expect(service.lines).toContainEqual({ level: 'error', outcome: 'mass-deletion', fileIds: ids(20) });
  });

  test('are deleted when their deletions were reported, even if each event was verified too early', async () => {
    const service = await confirmed(ids(20));
    for (const fileId of ids(20)) service.vod.remove(fileId);
    const verified = await service.verify(ids(20), { openQuestion: 'deletion' });
    expect(verified.map(({ row }) => row?.status)).toEqual(ids(20).map(() => 'deleted'));
  });

  test.each<[string, (service: Service) => Promise<void>]>([
    ['one of them is still there', (service) => putBack(service)],
    ['a FileDeleted event named one of them', (service) => service.receive(fileDeleted({ fileId: '1000' }))],
  ])('are stored as deleted after a second look if %s', async (_, change) => {
    const service = await confirmed(ids(20));
    for (const fileId of ids(20)) service.vod.remove(fileId);
    await change(service);
    await service.verify(ids(20));
    await service.verify(ids(20), { openQuestion: 'missing' });
    expect(service.row('1001').status).toBe('deleted');
  });

  test('are deleted after a second look when the operator accepts it', async () => {
    const service = await confirmed(ids(20));
    for (const fileId of ids(20)) service.vod.remove(fileId);
    await service.verify(ids(20), {}, { acceptsMassDeletion: true });
    expect(service.row('1000').status).toBe('ready');
    await service.verify(ids(20), { openQuestion: 'missing' }, { acceptsMassDeletion: true });
    expect(service.row('1000').status).toBe('deleted');
  });
});

describe('verify, no result from VOD', () => {
  test('a failed call changes nothing and leaves the question open, with a line for all of its files', async () => {
    const service = await confirmed(['7', '8']);
    await service.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: 't' }));
    const before = service.row('7');
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    const verified = await service.verify(['7', '8']);
    expect(verified).toMatchObject([
      { outcome: 'waiting', openQuestion: 'no-response' },
      { outcome: 'waiting', openQuestion: 'no-response' },
    ]);
    expect(service.row('7')).toEqual(before);
    expect(service.lines).toMatchObject([{ level: 'warn', outcome: 'no-response', fileIds: ['7', '8'] }]);
  });

  test.each<[string, object]>([
    ['BasicInfo is null', { MediaInfoSet: [{ FileId: '7', BasicInfo: null }] }],
    ['the file is in neither set', { MediaInfoSet: [], NotExistFileIdSet: [] }],
    ['both sets are null', { MediaInfoSet: null, NotExistFileIdSet: null }],
    ['the response is empty', {}],
  ])('nothing changes when %s', async (_, response) => {
    const service = await confirmed(['7']);
    const before = service.row('7');
    const vod = fakeVod({ DescribeMediaInfos: () => response });
    const [verified] = await service.verify(['7'], {}, { vod });
    expect(verified).toMatchObject({ outcome: 'waiting', openQuestion: 'no-response' });
    expect(service.row('7')).toEqual(before);
  });

  test("a task that VOD lists and does not describe changes nothing, and the file's id is logged", async () => {
    const service = startService([modelFile('7', { signed: true, tasks: [endedTask('t')] })]);
    await service.receive(newFileUpload({ fileId: '7', procedureTaskId: 't' }));
    const before = service.row('7');
    const vod = { ...service.vod.api, ...fakeVodDetail({ TaskType: 'Procedure', ProcedureTask: null }) };
    const [verified] = await service.verify(['7'], {}, { vod });
    expect(verified).toMatchObject({ outcome: 'waiting', openQuestion: 'no-response' });
    expect(service.row('7')).toEqual(before);
    expect(service.lines).toMatchObject([{ level: 'error', outcome: 'no-response', fileIds: ['7'] }]);
  });

  test('a file that was never confirmed and that VOD does not have is requested for an hour', async () => {
    const service = startService();
    await service.receive(newFileUpload({ fileId: '7' }));
    expect(await service.verify(['7'])).toMatchObject([{ outcome: 'waiting', openQuestion: 'unknown' }]);
    service.clock.advance(HOUR);
    expect(await service.verify(['7'])).toMatchObject([{ outcome: 'written' }]);
    expect(service.row('7').trust).toBe('unknown');
  });
});

describe('verify, failures that affect one row only', () => {
  test('a row that the table refuses permanently does not affect the others', async () => {
    const service = startService(filesOf(ids(3)));
    service.store.failWith((method, fileId) => {
      if (method === 'replace' && fileId === '1001') throw new RefusedRowError('One or more parameter values');
    });
    expect(outcomesOf(await service.verify(ids(3)))).toEqual(['written', 'refused', 'written']);
    expect(service.lines).toMatchObject([{ level: 'error', outcome: 'row-refused', fileIds: ['1001'] }]);
  });

  test('a write to which the table does not respond does not affect the other rows', async () => {
    const service = startService(filesOf(ids(3)));
    service.store.failWith((method, fileId) => {
      if (method === 'replace' && fileId === '1000') throw new Error('ProvisionedThroughputExceededException');
    });
    expect(outcomesOf(await service.verify(ids(3)))).toEqual(['unavailable', 'written', 'written']);
    expect(service.lines).toMatchObject([{ level: 'error', outcome: 'write-failed', fileIds: ['1000'] }]);
  });

  test('an id for which VOD refuses the whole call does not affect the other rows', async () => {
    const service = startService(filesOf(ids(20)));
    service.vod.failWith((action, request) => {
      if (JSON.stringify(request).includes('"1013"')) throw refusal(action, 'InvalidParameterValue.FileIds');
    });
    const verified = await service.verify(ids(20));
    expect(verified.filter(({ outcome }) => outcome !== 'written')).toMatchObject([
      { fileId: '1013', outcome: 'waiting', openQuestion: 'no-response' },
    ]);
  });

  test('a task for which VOD fails does not affect the other rows', async () => {
    const tasks = [endedTask('bad')];
    const service = startService([modelFile('7', { signed: true, tasks }), modelFile('8')]);
    service.vod.failWith((action) => {
      if (action === 'DescribeTaskDetail') throw refusal(action, 'FailedOperation');
    });
    expect(outcomesOf(await service.verify(['7', '8']))).toEqual(['waiting', 'written']);
  });

  test('a row that changed during the call to VOD is not written', async () => {
    const service = startService([modelFile('7')]);
    await service.receive(newFileUpload({ fileId: '7' }));
    const pending = service.verify(['7']);
    await service.receive(fileDeleted({ fileId: '7' }));
    expect(outcomesOf(await pending)).toEqual(['superseded']);
    expect(service.row('7')).toMatchObject({ trust: 'pushed', news: ['gone'] });
  });
});

function fakeVodDetail(response: object) {
  const { DescribeTaskDetail } = fakeVod({ DescribeTaskDetail: () => response });
  return { DescribeTaskDetail };
}
