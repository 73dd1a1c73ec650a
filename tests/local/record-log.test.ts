import { RecordLog } from '../../local/record-log';

interface Line {
  readonly text: string;
}

const idsOf = ({ records }: { readonly records: readonly { readonly id: number }[] }) => records.map(({ id }) => id);

test('RecordLog > returns each record once to a reader, and again after a change', () => {
  const log = new RecordLog<Line>();
  log.add({ text: 'a' });
  log.add({ text: 'b' });
  const first = log.read('');
  expect(first).toMatchObject({ isReset: true, firstId: 1, records: [{ id: 1, text: 'a' }, { id: 2 }] });
  expect(log.read(first.cursor)).toMatchObject({ isReset: false, records: [] });
  log.change(1, ({ text }) => ({ text: `${text}!` }));
  log.add({ text: 'c' });
  const second = log.read(first.cursor);
  expect(second.records).toEqual([
    { id: 1, text: 'a!' },
    { id: 3, text: 'c' },
  ]);
  expect(log.read(second.cursor).records).toEqual([]);
});

test('RecordLog > returns all records for the cursor of another run and for an invalid one', () => {
  const log = new RecordLog<Line>();
  log.add({ text: 'a' });
  for (const cursor of [new RecordLog().read('').cursor, 'x', '.1', '']) {
    expect(log.read(cursor)).toMatchObject({ isReset: true, records: [{ id: 1 }] });
  }
});

test('RecordLog > drops the oldest records beyond the number of records, and ignores changes of them', () => {
  const log = new RecordLog<Line>({ records: 3, characters: 1000 });
  for (const text of ['a', 'b', 'c', 'd', 'e']) log.add({ text });
  expect(log.size).toBe(3);
  expect(log.read('')).toMatchObject({ firstId: 3 });
  expect(idsOf(log.read(''))).toEqual([3, 4, 5]);
  log.change(1, () => ({ text: 'x' }));
  expect(log.get(1)).toBeUndefined();
  expect(log.size).toBe(3);
});

test('RecordLog > drops the oldest records beyond the number of characters, but never the newest', () => {
  const log = new RecordLog<Line>({ records: 10, characters: 100 });
  for (const text of ['a', 'b', 'c']) log.add({ text: text.repeat(40) });
  expect(idsOf(log.read(''))).toEqual([3]);
  log.change(3, () => ({ text: 'c'.repeat(200) }));
  expect(idsOf(log.read(''))).toEqual([3]);
  log.add({ text: 'd' });
  expect(idsOf(log.read(''))).toEqual([4]);
});

test('RecordLog > finds the newest record with a property', () => {
  const log = new RecordLog<Line>();
  for (const text of ['a', 'b', 'a']) log.add({ text });
  expect(log.findNewest(({ text }) => text === 'a')).toEqual({ id: 3, text: 'a' });
  expect(log.findNewest(({ text }) => text === 'x')).toBeUndefined();
});
