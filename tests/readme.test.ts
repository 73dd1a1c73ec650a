import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestRun } from './helpers/local';

test.each(['README.md', 'README.zh-CN.md'])(
  '%s: its curl lines alone get a signature, and make an event a row',
  async (name) => {
    const readme = readFileSync(join(__dirname, '..', name), 'utf8');
    const [, block = ''] = /```sh\n([^]*?)```/.exec(readme) ?? [];
    const standIn = `command -v curl >/dev/null || curl() { '${process.execPath}' '${join(__dirname, 'helpers/curl.mjs')}' "$@"; }\n`;
    const run = await startTestRun();
    try {
      const script = block
        .replace(/CALLBACK='.*'/, `CALLBACK='${run.callbackUrl}'`)
        .replaceAll('http://localhost:3000', run.url);
      const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', standIn + script]);
      const [signed = '', recorded = '', rows = ''] = stdout.split(/(?<=\})(?=\{|\[)/);
      expect(JSON.parse(signed)).toMatchObject({ signature: expect.any(String), oneTimeValid: false });
      expect(JSON.parse(recorded)).toEqual({ outcome: 'recorded' });
      expect(JSON.parse(rows)).toEqual([
        expect.objectContaining({ fileId: '5285890784273533167', status: 'uploaded' }),
      ]);
    } finally {
      await run.stop();
    }
  },
);

test.each(['README.md', 'README.zh-CN.md'])('%s has at most 200 lines, and is running by line 40', (name) => {
  const lines = readFileSync(join(__dirname, '..', name), 'utf8').split('\n');
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.findIndex((line) => line.includes('npm ci && npm start'))).toBeLessThan(40);
});
