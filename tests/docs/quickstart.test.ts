import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seal } from '../../lib/vod/source-context';
import { startTestRun, type TestRun } from '../support/local';
import { importSnippet } from '../support/snippet';

/** Where there is no curl. */
const CURL = `command -v curl >/dev/null || curl() { '${process.execPath}' '${join(__dirname, '../support/curl.mjs')}' "$@"; }\n`;
const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };

describe.each(['docs/quickstart.md', 'docs/quickstart.zh-CN.md'])('%s', (name) => {
  let run: TestRun;
  beforeAll(async () => {
    run = await startTestRun();
  });
  afterAll(() => run.stop());

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

  test('its curl lines alone get a signature, and turn an event into a row', async () => {
    const [, block = ''] = /```sh\n([^]*?)```/.exec(document) ?? [];
    const script = block
      .replace(/CALLBACK='.*'/, `CALLBACK='${run.callbackUrl}'`)
      .replaceAll('http://localhost:3000', run.url);
    const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', CURL + script]);
    const [signed = '', recorded = '', rows = ''] = stdout.split(/(?<=\})(?=\{|\[)/);
    expect(JSON.parse(signed)).toMatchObject({ signature: expect.any(String), oneTimeValid: false });
    expect(JSON.parse(recorded)).toEqual({ outcome: 'recorded' });
    expect(JSON.parse(rows)).toContainEqual(
      expect.objectContaining({ fileId: '5285890784273533167', status: 'uploaded' }),
    );
  });

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
