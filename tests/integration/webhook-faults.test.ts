import fc from 'fast-check';
import { faultEvent, faultEvents } from '../support/faults';
import { startWebhook, type Webhook } from '../support/webhook';

const CLIP = '5285890000000000102';
const SENT_AGAIN = '5285890000000000107';
const REVIEWED = '5285890000000000114';
const FORBIDDEN = '5285890000000000124';
const FILES = [CLIP, SENT_AGAIN, REVIEWED, FORBIDDEN];
const MEASURES = ['size', 'duration', 'width', 'height'];

let webhook: Webhook;

beforeAll(async () => {
  webhook = await startWebhook();
});
beforeEach(async () => {
  for (const fileId of FILES) await webhook.removeItem(fileId);
  webhook.lines.length = 0;
  webhook.takeCounts();
});
afterAll(async () => {
  await webhook.stop();
});

const levels = () => new Set(webhook.lines.map(({ level }) => level));

test.each([
  ['02a', '02b'],
  ['02b', '02a'],
])('V2: %s, then %s: zeros are treated as missing, in whatever order they arrive', async (...names) => {
  for (const name of names) expect(await webhook.outcome(faultEvent(name))).toBe('recorded');
  const item = await webhook.itemOf(CLIP);
  expect(item).toMatchObject({ status: 'processing', trust: 'pushed', size: 4_372_373 });
  for (const name of ['duration', 'width', 'height']) expect(item).not.toHaveProperty(name);
});

test('V4: an event that VOD sends again with another cover, name or domain is repeated, and raises no alarm', async () => {
  expect(await webhook.outcome(faultEvent('07a'))).toBe('recorded');
  const before = await webhook.itemOf(SENT_AGAIN);
  for (const name of ['07b', '07c', '07d']) expect(await webhook.outcome(faultEvent(name))).toBe('repeated');
  expect(await webhook.itemOf(SENT_AGAIN)).toEqual(before);
  expect(levels()).toEqual(new Set(['info']));
});

test.each(['09a', '09b'])(
  'V5: %s: an event about a task without a VOD file is ignored with 200: no row, no alarm',
  async (name) => {
    expect(await webhook.post(faultEvent(name))).toMatchObject({ statusCode: 200, body: '{"outcome":"ignored"}' });
    expect(webhook.takeCounts()).toEqual({});
    expect(levels()).toEqual(new Set(['info']));
  },
);

test.each<[string, ...string[]]>([
  [REVIEWED, '14a', '14b'],
  [REVIEWED, '14b', '14a'],
  [FORBIDDEN, '14c'],
])('V3: no event about the file %s, which VOD blocks, makes it ready (%s)', async (fileId, ...names) => {
  for (const name of names) {
    expect(await webhook.outcome(faultEvent(name))).toBe('recorded');
    expect((await webhook.itemOf(fileId))?.['status']).toMatch(/^(uploaded|processing)$/);
  }
});

test('V2 to V5: these events in any order, some of them twice, return 200, log nothing above info, and store no zero and no decision', async () => {
  const order = fc.shuffledSubarray([...faultEvents, ...faultEvents], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(order, async (names) => {
      for (const fileId of FILES) await webhook.removeItem(fileId);
      for (const name of names) expect(await webhook.status(faultEvent(name))).toBe(200);
      const rows = await webhook.table.rows();
      for (const row of rows) {
        expect(FILES).toContain(row['fileId']);
        expect(row['status']).toMatch(/^(uploaded|processing)$/);
        for (const name of MEASURES) expect(row[name]).not.toBe(0);
      }
    }),
    { numRuns: 30 },
  );
  expect(levels()).toEqual(new Set(['info']));
});
