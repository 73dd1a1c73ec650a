import { join } from 'node:path';
import { npmRun, vod } from '../support/cli/cli';

const COMMANDS = [
  'check',
  'register',
  'secrets',
  'sign',
  'explain',
  'play',
  'send',
  'reconcile',
  'notifications',
  'listen',
];

test('npm run vod prints help and returns the exit codes', async () => {
  const help = await npmRun(['--help']);
  expect(help.code).toBe(0);
  for (const command of COMMANDS) expect(help.out).toMatch(new RegExp(`^  ${command} +\\S`, 'm'));
  expect(await npmRun(['register', '--no-such-option'])).toMatchObject({ code: 2, out: '' });
  const nowhere = await npmRun(['check', '--local'], { DATA_DIR: join(__dirname, 'no-such-folder') });
  expect(nowhere).toMatchObject({ code: 1, out: '', err: expect.stringContaining('npm start') });
  expect(nowhere.err).not.toMatch(/^ +at /m);
});

test.each(COMMANDS)('%s --help prints its usage and the options that choose a deployment', async (command) => {
  const { code, out } = await vod([command, '--help']);
  expect([code, out.split('\n')[0]]).toEqual([0, expect.stringMatching(new RegExp(`^npm run vod -- ${command} `))]);
  for (const option of ['--stage', '--region', '--local']) expect(out).toContain(`  ${option}`);
});

test('a missing or unknown command is a usage error, and the message lists the commands', async () => {
  expect((await vod([])).code).toBe(2);
  const err = `Unknown command "toString". Available: ${COMMANDS.join(', ')}`;
  expect(await vod(['toString'])).toMatchObject({ code: 2, err });
});

test('--local with --stage is a usage error', async () => {
  expect((await vod(['check', '--local', '--stage', 'prod'])).code).toBe(2);
});
