import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../support/local';
import { notificationsChaos } from './chaos/notifications-chaos';

/** NOTIFICATION_UPLOADS=1000 is the larger run. */
const UPLOADS = Number(process.env['NOTIFICATION_UPLOADS'] ?? 200);

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(() => rm(dataDir, { recursive: true }));

test('every confirmed change is delivered under one id, whatever is killed, refused and repeated, and no other webhook is sent', async () => {
  const began = performance.now();
  const report = await notificationsChaos({ uploads: UPLOADS, seed: 1, dataDir });
  const { did, expected, ...wrong } = report;
  const counts = Object.entries(did).map(([what, count]) => `${count} ${what}`);
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stderr.write(`${UPLOADS} uploads, ${expected} changes in ${seconds} s: ${counts.join(', ')}\n`);
  expect(wrong).toEqual({ missing: [], severalIds: [], extra: [], unverified: 0 });
  expect(expected).toBeGreaterThanOrEqual(UPLOADS);
  for (const what of ['functions killed', 'batches repeated', 'webhooks refused', 'deletions'] as const) {
    expect(did[what]).toBeGreaterThan(0);
  }
}, 400_000);
