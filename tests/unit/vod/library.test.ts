import fc from 'fast-check';
import type { VodApi } from '../../../lib/vod/api';
import { endedTasksPage, isNoSuchTask, searchPage, type Cursor } from '../../../lib/vod/library';
import { fakeVod, refusal } from '../../support/unit/vod-model';

const START = 1_790_000_000;
const CAP = 5_000;

type Search = Parameters<VodApi['SearchMedia']>[0];

/** SearchMedia as its document has it, of files that were created at these seconds. */
function library(seconds: readonly number[], endBelongs: boolean) {
  const files = seconds.map((second, i) => ({ FileId: String(i), second }));
  const at = (time: string | undefined) => Date.parse(time ?? '') / 1000;
  const SearchMedia = ({ CreateTime, Offset = 0, Limit = 10, Sort }: Search) => {
    expect([Sort, CreateTime?.After, CreateTime?.Before]).toEqual([
      { Field: 'CreateTime', Order: 'Asc' },
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      expect.any(String),
    ]);
    if (Offset + Limit > CAP) return Promise.reject(new Error('InvalidParameterValue.Limit'));
    const after = at(CreateTime?.After);
    const before = at(CreateTime?.Before);
    const found = files
      .filter(({ second }) => second >= after && (second < before || (endBelongs && second === before)))
      .sort((a, b) => a.second - b.second);
    return Promise.resolve({
      TotalCount: Math.min(found.length, CAP),
      MediaInfoSet: found.slice(Offset, Offset + Limit).map(({ FileId, second }) => ({
        FileId,
        BasicInfo: { CreateTime: new Date(second * 1000).toISOString().replace('.000', '') },
      })),
      RequestId: '',
    });
  };
  return { SearchMedia };
}

async function readAll(vod: Pick<VodApi, 'SearchMedia'>, end: number) {
  const seen = new Set<string>();
  const hidden: number[] = [];
  let pages = 0;
  for (let cursor: Cursor | undefined = { second: START, offset: 0 }; cursor; pages++) {
    const page = await searchPage(vod, cursor, end);
    for (const fileId of page.fileIds) seen.add(fileId);
    if (page.hiddenSecond !== undefined) hidden.push(page.hiddenSecond);
    cursor = page.next;
  }
  return { seen, hidden, pages };
}

test('every file of a library is seen, whether or not the end of a window belongs to it', async () => {
  const crowd = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 450 }));
  const seconds = fc.array(crowd, { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(seconds, fc.boolean(), async (crowds, endBelongs) => {
      const created = crowds.flatMap(([second, count]) => Array<number>(count).fill(START + second));
      const { seen, hidden, pages } = await readAll(library(created, endBelongs), START + 30);
      expect(seen.size).toBe(created.length);
      expect(hidden).toEqual([]);
      expect(pages).toBeLessThan(created.length / 100 + crowds.length + 2);
    }),
    { numRuns: 50 },
  );
});

test('more files than SearchMedia shows are all seen, as long as no second has more', async () => {
  const created = Array.from({ length: 12_000 }, (_, i) => START + Math.floor(i / 4_999));
  expect((await readAll(library(created, false), START + 10)).seen.size).toBe(12_000);
});

test('a second with more files than SearchMedia shows is reported, and does not block the others', async () => {
  const created = [START, ...Array<number>(CAP + 300).fill(START + 1), START + 2, START + 2];
  const { seen, hidden } = await readAll(library(created, true), START + 10);
  expect(hidden).toEqual([START + 1]);
  expect(seen.size).toBe(CAP + 3);
});

describe('TotalCount decides whether there are more pages', () => {
  const file = (index: number) => ({
    FileId: String(index),
    BasicInfo: { CreateTime: new Date((START + index) * 1000).toISOString() },
  });
  const respond = (response: object) => fakeVod({ SearchMedia: () => response });
  const search = (response: object, offset = 0) =>
    searchPage(respond(response), { second: START, offset }, START + 100);

  test('a short page is not the last one while it counts more', async () => {
    const page = await search({ TotalCount: 10, MediaInfoSet: [file(1), file(2)] });
    expect(page).toEqual({ fileIds: ['1', '2'], next: { second: START + 2, offset: 0 } });
  });

  test('after a short page of one second, the next one continues after its last file', async () => {
    const page = await search({ TotalCount: 10, MediaInfoSet: [file(0), file(0)] }, 3);
    expect(page.next).toEqual({ second: START, offset: 5 });
  });

  test('a page that shows all it counts is the last one', async () => {
    expect(await search({ TotalCount: 2, MediaInfoSet: [file(1), file(2)] })).toEqual({ fileIds: ['1', '2'] });
    expect(await search({ TotalCount: 0, MediaInfoSet: [] })).toEqual({ fileIds: [] });
  });

  test.each<[string, object]>([
    ['an empty page that counts more', { TotalCount: 10, MediaInfoSet: [] }],
    ['a page without files that counts more', { TotalCount: 10, MediaInfoSet: null }],
    ['a page without a count', { TotalCount: null, MediaInfoSet: [] }],
    ['a page with files and without a count', { MediaInfoSet: [file(1)] }],
    ['an empty response', {}],
  ])('%s is not the end of the library: it throws, and the cursor stays', async (_, response) => {
    await expect(search(response)).rejects.toThrow(/Cannot read VOD's library/);
  });

  test('a file without an id is skipped, and counts as shown', async () => {
    expect(await search({ TotalCount: 2, MediaInfoSet: [{ BasicInfo: null }, file(2)] })).toEqual({ fileIds: ['2'] });
  });
});

describe('endedTasksPage', () => {
  test('returns procedures and reviews with their files, and where the next page begins', async () => {
    const task = (TaskId: string | null, TaskType: string, FileId: string | null = '7') => ({
      TaskId,
      TaskType,
      FileId,
    });
    const requests: object[] = [];
    const vod = fakeVod({
      DescribeTasks: (request) => {
        requests.push(request);
        return {
          TaskSet: [
            task('p', 'Procedure'),
            task('r', 'ReviewAudioVideo'),
            task('e', 'EditMedia'),
            task(null, 'Procedure'),
            task('u', 'Procedure', ''),
          ],
          ScrollToken: 'next',
        };
      },
    });
    expect(await endedTasksPage(vod, START, START + 60, 'token')).toEqual({
      tasks: [
        { taskId: 'p', fileId: '7' },
        { taskId: 'r', fileId: '7' },
      ],
      next: 'next',
    });
    expect(requests).toEqual([expect.objectContaining({ ScrollToken: 'token', Limit: 100 })]);
  });

  test.each([null, undefined])('H5: a TaskSet that is %p is not the end of the window', async (TaskSet) => {
    const vod = fakeVod({ DescribeTasks: () => ({ TaskSet, ScrollToken: '' }) });
    await expect(endedTasksPage(vod, START, START + 60, undefined)).rejects.toThrow(/has no TaskSet/);
  });

  test('an empty token ends the window', async () => {
    const vod = fakeVod({ DescribeTasks: () => ({ TaskSet: [], ScrollToken: '' }) });
    expect(await endedTasksPage(vod, START, START + 60, undefined)).toEqual({ tasks: [] });
  });
});

test("isNoSuchTask accepts VOD's two codes and no other error", () => {
  const isOne = (code: string) => isNoSuchTask(refusal('DescribeTaskDetail', code));
  expect(['ResourceNotFound', 'InvalidParameterValue', 'InvalidParameterValue.TaskId'].map(isOne)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['InternalError', 'RequestLimitExceeded', 'AuthFailure', 'FailedOperation'].map(isOne)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(isNoSuchTask(new Error('ResourceNotFound'))).toBe(false);
});

test('H5: isNoSuchTask accepts no code that concerns the account or its application', () => {
  const codes = ['InvalidParameterValue.SubAppId', 'InvalidParameterValue.AppId', 'ResourceNotFound.UserNotExist'];
  for (const code of codes) expect(isNoSuchTask(refusal('DescribeTaskDetail', code))).toBe(false);
});
