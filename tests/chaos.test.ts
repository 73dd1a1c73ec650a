import { rm } from 'node:fs/promises';
import { chaos, failures } from './chaos/chaos';
import { temporaryFolder } from './helpers/local';

// The same with 5 000 uploads: npm run chaos.

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(() => rm(dataDir, { recursive: true }));

test('callbacks dropped, doubled and late, functions and table killed: one reconciliation, and every row is right', async () => {
  const report = await chaos({ uploads: 60, mode: 'PUSH', seed: 1, dataDir });
  expect(failures('PUSH', report)).toEqual([]);
  expect(report.after).toEqual({ right: 60, lost: 0, wrong: 0, extra: 0 });
});

test('events pulled by a function that is killed again and again: every row is there from them alone', async () => {
  const report = await chaos({ uploads: 60, mode: 'PULL', seed: 2, dataDir });
  expect(failures('PULL', report)).toEqual([]);
  expect(report.before).toEqual({ right: 60, lost: 0, wrong: 0, extra: 0 });
  expect(report.after).toEqual(report.before);
});
