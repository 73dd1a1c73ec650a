import fc from 'fast-check';
import { KeyIndex, TimeIndex } from '../../local/vod/record-index';
import { Journal } from '../../local/vod/journal';
import { Records } from '../../local/vod/records';
import { cleanUp, temporaryDirectory } from '../support/vod/vod-client';

afterEach(cleanUp);

interface Item {
  readonly key: string;
  readonly time?: number;
}

// Ids and keys include names of Object.prototype, which a plain object would mistake for its own.
const name = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString', '__proto__');
const time = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });
const step = fc.record({ id: name, key: name, time, isDeletion: fc.boolean() });

test('the indexes contain the same records as a scan, after any changes', () => {
  const dataDir = temporaryDirectory();
  let folder = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 0, max: 5 }), (steps, from) => {
      const records = new Records<Item>(dataDir, `items-${folder++}`, new Journal(dataDir));
      const byKey = records.addIndex(new KeyIndex<Item>(({ key }) => key));
      const byTime = records.addIndex(new TimeIndex<Item>((item) => item.time));
      for (const { id, key, time: itemTime, isDeletion } of steps) {
        if (isDeletion) records.delete(id);
        else records.set(id, { key, ...(itemTime !== undefined && { time: itemTime }) });
      }
      const all = [...records.entries()];
      for (const key of ['a', 'constructor', 'toString', '__proto__']) {
        expect(new Map(byKey.get(key))).toEqual(new Map(all.filter(([, item]) => item.key === key)));
      }
      const inRange = all
        .filter(([, item]) => item.time !== undefined && item.time >= from && item.time < 4)
        .sort(([a, first], [b, second]) => (first.time ?? 0) - (second.time ?? 0) || (a < b ? -1 : 1));
      expect(byTime.range(from, 4)).toEqual(inRange.map(([, item]) => item));
    }),
    { numRuns: 60 },
  );
});

test('an index that is added later contains the records that exist', () => {
  const index = new KeyIndex<Item>(({ key }) => key);
  const dataDir = temporaryDirectory();
  const stored = new Records<Item>(dataDir, 'items', new Journal(dataDir));
  stored.set('1', { key: 'a' });
  const read = new Records<Item>(dataDir, 'items', new Journal(dataDir));
  expect([...read.addIndex(index).get('a')]).toEqual([['1', { key: 'a' }]]);
});
