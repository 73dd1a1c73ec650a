import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLimits } from '../../bench/limits/limits';
import { readDeployed, type Deployed } from '../../bench/limits/deployed';
import { USUAL_LOAD } from '../../bench/limits/load';
import { simulate, type Result } from '../../bench/limits/simulation';
import { measureUnits } from '../../bench/limits/units';
import { uploadsTableProperties } from '../support/backend';
import { storagesOf } from '../support/unit/capacity';

const ROOT = join(__dirname, '../..');
const document = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');
const alarms = ['users', 'events', 'verification', 'notifications', 'secrets']
  .map((name) => readFileSync(join(ROOT, `deploy/alarms-${name}.yml`), 'utf8'))
  .join('');

let deployed: Deployed;

beforeAll(async () => {
  deployed = await readDeployed();
});

async function simulateDefaults(rate: number): Promise<Result> {
  const units = measureUnits(storagesOf(await uploadsTableProperties()));
  return simulate({ load: { ...USUAL_LOAD, rate }, limits: defaultLimits(deployed), units, deployed });
}

test('docs/scale.md states the limits of the deploy files', () => {
  expect(document).toContain(`throttle of \`POST /upload-signature\`: ${deployed.signingRate} requests/s`);
  expect(document).toContain(`\`EVENTS_RATE\`: ${deployed.eventsRate} events/s`);
  expect(document).toContain(`webhooks: ${deployed.webhooks} at a time`);
  expect(deployed.batchesPerShard).toBe(1);
});

test('docs/scale.md names alarms that the deploy has', () => {
  const names = [...document.matchAll(/`([a-z]+(?:-[a-z0-9]+)+)`/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(alarms).toContain(`-${name}\n`);
});

test('docs/scale.md has at most 600 words outside its tables', () => {
  const text = document.replaceAll(/^\|.*$/gm, '');
  expect(text.split(/\s+/).filter((word) => word !== '').length).toBeLessThanOrEqual(600);
});

test('docs/scale.md is right that the defaults hold at 10 uploads a second', async () => {
  expect(await simulateDefaults(10)).toMatchObject({ holds: true, reached: [] });
});

test('docs/scale.md is right that signing breaks first at 100 uploads a second', async () => {
  const { holds, reached } = await simulateDefaults(100);
  expect(holds).toBe(false);
  expect(reached[0]?.name).toBe('signingRoute');
});
