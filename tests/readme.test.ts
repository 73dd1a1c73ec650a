import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Context, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { transform } from 'esbuild';
import { serve } from './helpers/cli';
import { startTestRun, temporaryFolder } from './helpers/local';

const READMES = ['README.md', 'README.zh-CN.md'];
const read = (name: string) => readFileSync(join(__dirname, '..', name), 'utf8');

test.each(READMES)('%s: its curl lines alone get a signature, and turn an event into a row', async (name) => {
  const [, block = ''] = /```sh\n([^]*?)```/.exec(read(name)) ?? [];
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
    expect(JSON.parse(rows)).toEqual([expect.objectContaining({ fileId: '5285890784273533167', status: 'uploaded' })]);
  } finally {
    await run.stop();
  }
});

test.each(READMES)('%s has at most 200 lines, and starts the project by line 40', (name) => {
  const lines = read(name).split('\n');
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.findIndex((line) => line.includes('npm ci && npm start'))).toBeLessThan(40);
});

test('README.md has at most 1 200 words', () => {
  const words = read('README.md')
    .split(/\s+/)
    .filter((word) => word !== '');
  expect(words.length).toBeLessThanOrEqual(1_200);
});

describe('the README’s stream consumer', () => {
  const record = (fileId: string, status: string, before?: string): DynamoDBRecord => ({
    dynamodb: {
      SequenceNumber: `sequence-${fileId}`,
      NewImage: { fileId: { S: fileId }, status: { S: status }, uploader: { S: 'user-42' } },
      ...(before !== undefined && { OldImage: { fileId: { S: fileId }, status: { S: before } } }),
    },
  });

  test.each(READMES)(
    '%s: tells the app once of each video that became ready, and one refusal blocks nothing',
    async (name) => {
      const [, code = ''] = /```ts\n([^]*?)```/.exec(read(name)) ?? [];
      const announced: unknown[] = [];
      const app = await serve((request, response) => {
        void text(request).then((body) => {
          const { fileId } = JSON.parse(body) as { readonly fileId: string };
          announced.push(fileId);
          response.writeHead(fileId === 'refused' ? 500 : 200).end();
        });
      });
      const folder = await temporaryFolder();
      const source = code.replace('https://app.example.com/videos', app.url);
      const { code: compiled } = await transform(source, { loader: 'ts', format: 'cjs' });
      const file = join(folder, 'consumer.cjs');
      await writeFile(file, compiled);
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- made just now
      const { handler } = require(file) as { readonly handler: DynamoDBStreamHandler };

      const Records = [
        record('new', 'ready', 'processing'),
        record('refused', 'ready'),
        record('again', 'ready', 'ready'),
        record('pushed', 'processing', 'uploaded'),
        record('last', 'ready', 'held'),
      ];
      const answer = await handler({ Records }, {} as Context, () => undefined);
      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'sequence-refused' }] });
      expect(announced.sort()).toEqual(['last', 'new', 'refused']);
      await app.close();
      await rm(folder, { recursive: true });
    },
  );

  test.each(READMES)(
    '%s: its event source reports item failures, bounds retries and has a dead-letter target',
    (name) => {
      const [, settings = ''] = /```yml\n([^]*?)```/.exec(read(name)) ?? [];
      expect(settings).toContain('functionResponseType: ReportBatchItemFailures');
      expect(settings).toMatch(/maximumRetryAttempts: [1-9]/);
      expect(settings).toContain('onFailure:');
    },
  );
});
