import fc from 'fast-check';
import type { VodApi } from '../lib/vod/api';
import { searchPage, type Cursor } from '../lib/vod/library';

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
    const [after, before] = [at(CreateTime?.After), at(CreateTime?.Before)];
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
  const overfull: number[] = [];
  let pages = 0;
  for (let cursor: Cursor | undefined = { second: START, offset: 0 }; cursor; pages++) {
    const page = await searchPage(vod, cursor, end);
    for (const fileId of page.fileIds) seen.add(fileId);
    if (page.overfull !== undefined) overfull.push(page.overfull);
    cursor = page.next;
  }
  return { seen, overfull, pages };
}

test('every file of a library is seen, whether or not the end of a window belongs to it', async () => {
  const crowd = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 450 }));
  const seconds = fc.array(crowd, { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(seconds, fc.boolean(), async (crowds, endBelongs) => {
      const created = crowds.flatMap(([second, count]) => Array<number>(count).fill(START + second));
      const { seen, overfull, pages } = await readAll(library(created, endBelongs), START + 30);
      expect(seen.size).toBe(created.length);
      expect(overfull).toEqual([]);
      expect(pages).toBeLessThan(created.length / 100 + crowds.length + 2);
    }),
    { numRuns: 50 },
  );
});

test('more files than SearchMedia shows are all seen, as long as no second has more', async () => {
  const created = Array.from({ length: 12_000 }, (_, i) => START + Math.floor(i / 4_999));
  expect((await readAll(library(created, false), START + 10)).seen.size).toBe(12_000);
});

test('a second with more files than SearchMedia shows is reported, and does not hold up the others', async () => {
  const created = [START, ...Array<number>(CAP + 300).fill(START + 1), START + 2, START + 2];
  const { seen, overfull } = await readAll(library(created, true), START + 10);
  expect(overfull).toEqual([START + 1]);
  expect(seen.size).toBe(CAP + 3);
});
