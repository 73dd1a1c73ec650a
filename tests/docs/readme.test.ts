import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deliver } from '../../lib/notifications/delivery';
import { importSnippet } from '../support/snippet';

const READMES = ['README.md', 'README.zh-CN.md'];
const read = (name: string) => readFileSync(join(__dirname, '../..', name), 'utf8');

test.each(READMES)('%s has at most 200 lines, and starts the project by line 40', (name) => {
  const lines = read(name).split('\n');
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines).toContain('npm start');
  expect(lines.indexOf('npm start')).toBeLessThan(40);
});

test('README.md has at most 1 200 words', () => {
  const words = read('README.md')
    .split(/\s+/)
    .filter((word) => word !== '');
  expect(words.length).toBeLessThanOrEqual(1_200);
});

test.each(READMES)('%s: its receiver publishes genuine uploads that are ready, and ignores a test', async (name) => {
  const [, code = ''] = /```js\n([^]*?)```/.exec(read(name)) ?? [];
  const [secret, other] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`) as [
    string,
    string,
  ];
  const published: unknown[][] = [];
  const publish = (...given: unknown[]) => published.push(given);
  const { POST } = await importSnippet<{ POST: (request: Request) => Promise<Response> }>(code, {
    process: { env: { NOTIFY_SECRET: secret } },
    publish,
  });
  const post = (data: object, secrets = [secret]) =>
    deliver(
      { id: 'msg_1', body: JSON.stringify({ type: 'upload.ready', timestamp: '', data }) },
      {
        url: 'https://app.example.com/webhooks/vod',
        secrets,
        now: Date.now,
        fetch: (url, init) => POST(new Request(url, init)),
      },
    );

  const upload = { fileId: '7', uploader: 'user-42', sourceContext: 'order=7', url: 'http://v/f0.mp4' };
  expect(await post(upload)).toEqual({ outcome: 'delivered', status: 204 });
  expect(await post({ ...upload, fileId: '0' })).toMatchObject({ outcome: 'delivered' });
  expect(await post(upload, [other])).toMatchObject({ outcome: 'failed' });
  expect(published).toEqual([['user-42', 'order=7', 'http://v/f0.mp4']]);
});
