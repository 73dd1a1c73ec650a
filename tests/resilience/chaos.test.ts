import { rm } from 'node:fs/promises';
import { chaos, failures } from './chaos/chaos';
import { temporaryFolder } from '../support/local';

// The same with 5 000 uploads: npm run chaos.

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(() => rm(dataDir, { recursive: true }));

test('after dropped, doubled and late callbacks, failing API calls and kills, one reconciliation corrects every row', async () => {
  const report = await chaos({ uploads: 60, mode: 'PUSH', seed: 1, dataDir });
  expect(failures('PUSH', report)).toEqual([]);
  expect(report.after).toEqual({ right: 60, lost: 0, wrong: 0, extra: 0 });
});

test('pulled events leave no row missing although the function is killed again and again', async () => {
  const report = await chaos({ uploads: 60, mode: 'PULL', seed: 2, dataDir });
  expect(failures('PULL', report)).toEqual([]);
  expect(report.before).toMatchObject({ lost: 0, extra: 0 });
  expect(report.after).toEqual({ right: 60, lost: 0, wrong: 0, extra: 0 });
});
