import fc from 'fast-check';
import { formatCheckpoint, parseCheckpoint, PHASES, type Checkpoint } from '../../../lib/verification/checkpoint';

const NOW = 1_795_350_000_000;
const second = fc.integer({ min: 0, max: NOW / 1000 });
const time = fc.integer({ min: 0, max: NOW });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
const cursor = fc.record({ second, offset: fc.integer({ min: 0, max: 4_999 }) });
const partial = { requiredKeys: [] };

const checkpoints: fc.Arbitrary<Checkpoint> = fc.record(
  {
    first: fc.constantFrom(...PHASES),
    recent: cursor,
    library: fc.record({ startedAt: time, cursor }, { requiredKeys: ['startedAt'] }),
    tasks: fc.record({ after: second, before: second, scrollToken: text }, { requiredKeys: ['after', 'before'] }),
    audit: fc.record({ startedAt: time, rows: fc.nat(), fileId: text }, { requiredKeys: ['startedAt', 'rows'] }),
  },
  partial,
);

test('parseCheckpoint reads what formatCheckpoint wrote, whatever ids and tokens it has', () => {
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      expect(parseCheckpoint(formatCheckpoint(checkpoint), NOW)).toEqual(checkpoint);
    }),
  );
});

test('formatCheckpoint writes printable ASCII only, as SSM requires, and no {{, which SSM would interpret', () => {
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      expect(formatCheckpoint(checkpoint)).toMatch(/^[ -~]+$/);
      expect(formatCheckpoint(checkpoint)).not.toContain('{{');
    }),
  );
});

test('parseCheckpoint accepts any text, and drops values that are impossible at this time', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (value) => {
      for (const phase of Object.keys(parseCheckpoint(value, NOW))) {
        expect(['first', 'recent', 'library', 'tasks', 'audit']).toContain(phase);
      }
    }),
  );
  const future = { recent: { second: NOW / 1000 + 1, offset: 0 }, audit: { startedAt: NOW + 1, rows: 1 } };
  expect(parseCheckpoint(JSON.stringify(future), NOW)).toEqual({});
});

test.each([
  ["an offset over SearchMedia's count", { recent: { second: 1, offset: 5_000 } }],
  ['a fraction', { recent: { second: 1.5, offset: 0 } }],
  ['a library whose cursor is damaged', { library: { startedAt: 1, cursor: { second: 'x' } } }],
  ['an unknown phase', { first: 'constructor' }],
  ['numbers as texts', { tasks: { after: '1', before: '2' } }],
])('parseCheckpoint ignores %s', (_, value) => {
  expect(parseCheckpoint(JSON.stringify(value), NOW)).toEqual({});
});
