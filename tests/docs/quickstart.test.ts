import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seal } from '../../lib/vod/source-context';
import { startTestRun, type TestRun } from '../support/local';
import { importSnippet } from '../support/snippet';

const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };

let run: TestRun;
beforeAll(async () => {
  run = await startTestRun();
});
afterAll(() => run.stop());

describe.each(['docs/quickstart.md', 'docs/quickstart.zh-CN.md'])('%s', (name) => {
  const document = readFileSync(join(__dirname, '../..', name), 'utf8');

  /** The exports of the block of code with this text, which then calls this run. */
  function snippetWith<T>(text: string): Promise<T> {
    const blocks = [...document.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);
    const code = blocks.find((block) => block.includes(text)) ?? '';
    return importSnippet<T>(
      code.replace('http://localhost:3000', run.url).replace('http://127.0.0.1:8000', run.table.url),
      { process },
    );
  }

  test('its token is accepted by the functions', async () => {
    const { userToken } = await snippetWith<{ userToken: () => Promise<string> }>('function userToken');
    const headers = { authorization: `Bearer ${await userToken()}` };
    const response = await fetch(`${run.url}/upload-signature`, { method: 'POST', headers });
    expect(response.status).toBe(200);
  });

  test('its function reads the status of an upload from the table', async () => {
    const { statusOf } = await snippetWith<{ statusOf: (fileId: string) => Promise<string | undefined> }>('statusOf');
    const sourceContext = seal('', 'user-42', false, run.secrets.sealKey);
    const { fileId } = run.vod.put({ ...FILE, sourceContext });
    let status = await statusOf(fileId);
    while (status !== 'ready') status = await statusOf(fileId);
  });
});
