import { join } from 'node:path';
import { npmRun, vod } from '../helpers/cli';

const VERBS = ['check', 'register', 'secrets', 'sign', 'explain', 'send'];

test('exit codes and help, through npm', async () => {
  const help = await npmRun(['--help']);
  expect(help.code).toBe(0);
  for (const verb of VERBS) expect(help.out).toMatch(new RegExp(`^  ${verb} +\\S`, 'm'));
  expect(await npmRun(['register', '--no-such-option'])).toMatchObject({ code: 2, out: '' });
  const nowhere = await npmRun(['check', '--local'], { DATA_DIR: join(__dirname, 'no-such-folder') });
  expect(nowhere).toMatchObject({ code: 1, out: '', err: expect.stringContaining('npm start') });
  expect(nowhere.err).not.toMatch(/^ +at /m);
});

test.each(VERBS)('%s --help says how it is used, and of which deployment it speaks', async (verb) => {
  const { code, out } = await vod([verb, '--help']);
  expect([code, out.split('\n')[0]]).toEqual([0, expect.stringMatching(new RegExp(`^npm run vod -- ${verb} `))]);
  for (const option of ['--stage', '--region', '--local']) expect(out).toContain(`  ${option}`);
});

test('no verb, or none that there is, is wrong usage', async () => {
  expect((await vod([])).code).toBe(2);
  expect(await vod(['toString'])).toMatchObject({ code: 2, err: expect.stringContaining('no verb "toString"') });
});

test('--local has no stage', async () => {
  expect((await vod(['check', '--local', '--stage', 'prod'])).code).toBe(2);
});
