import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { deliver } from '../../lib/notifications/delivery';
import { serve } from '../support/serve';
import { ajv, component, fits } from '../support/openapi';
import { bundleSnippet, importSnippet } from '../support/snippet';

const DOCS = ['docs/notifications.md', 'docs/notifications.zh-CN.md'];
const blockOf = (name: string, language: string) => {
  const document = readFileSync(join(__dirname, '../..', name), 'utf8');
  return new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(document)?.[1] ?? '';
};

test.each(DOCS)('%s: the body that it shows fits the schema of the document', (name) => {
  expect([fits(component('Notification'), JSON.parse(blockOf(name, 'json'))), ajv.errors]).toEqual([true, null]);
});

describe('the receiver for Node', () => {
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const rotated = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

  /** The document's program in a process of its own, on a free port. */
  async function start(name: string) {
    const free = ".listen(0, '127.0.0.1', function () { console.log(this.address().port); })";
    const code = blockOf(name, 'js').replace('.listen(8080)', free);
    const env = { ...process.env, NOTIFY_SECRET: secret };
    const program = spawn(process.execPath, ['-e', await bundleSnippet(code)], { env });
    let out = '';
    program.stdout.on('data', (data: Buffer) => (out += data.toString()));
    const lines = () => out.split('\n').filter((line) => line !== '');
    const closed = once(program, 'close');
    const stop = async () => {
      program.kill();
      await closed;
    };
    const deadline = Date.now() + 15_000;
    while (lines().length === 0 && program.exitCode === null && Date.now() < deadline) await sleep(50);
    return { url: `http://127.0.0.1:${lines()[0] ?? ''}/`, printed: () => lines().slice(1), stop };
  }

  test.each(DOCS)('%s: accepts each genuine webhook once and in order, and refuses the others', async (name) => {
    const receiver = await start(name);
    const post = async (data: object, { secrets = [secret], change = (body: string) => body, now = Date.now } = {}) => {
      const body = JSON.stringify({ type: 'upload.ready', timestamp: '2026-11-22T08:00:04.120Z', data });
      const tampering: typeof fetch = (url, init) => fetch(url, { ...init, body: change(body) });
      return deliver({ id: 'msg_1', body }, { url: receiver.url, secrets, now, fetch: tampering });
    };
    const upload = { fileId: '7', status: 'ready', version: 4, uploader: 'user-42', sourceContext: '订单=7' };
    const delivered = { outcome: 'delivered', status: 204 };
    const refused = expect.objectContaining({ outcome: 'failed', status: 401 });
    try {
      expect(await post(upload)).toEqual(delivered);
      expect(await post(upload)).toEqual(delivered);
      expect(await post({ ...upload, version: 3 })).toEqual(delivered);
      expect(await post({ ...upload, version: 5 }, { secrets: [rotated, secret] })).toEqual(delivered);
      expect(await post({ fileId: '0', status: 'ready', version: 0 })).toEqual(delivered);
      expect(await post({ ...upload, version: 6 }, { secrets: [rotated] })).toEqual(refused);
      expect(await post({ ...upload, version: 6 }, { change: (body) => body.replace('user-42', 'user-43') })).toEqual(
        refused,
      );
      expect(await post({ ...upload, version: 6 }, { now: () => Date.now() - 600_000 })).toEqual(refused);
      expect(receiver.printed()).toEqual(Array(2).fill('upload.ready 7 user-42 订单=7'));
    } finally {
      await receiver.stop();
    }
  });
});

describe('the stream consumer', () => {
  const record = (fileId: string, status: string, before?: string, createTime?: string): DynamoDBRecord => ({
    dynamodb: {
      SequenceNumber: `sequence-${fileId}`,
      NewImage: {
        fileId: { S: fileId },
        status: { S: status },
        uploader: { S: 'user-42' },
        ...(createTime !== undefined && { createTime: { S: createTime } }),
      },
      ...(before !== undefined && { OldImage: { fileId: { S: fileId }, status: { S: before } } }),
    },
  });

  test.each(DOCS)(
    '%s: notifies the app once of each video that became ready, and one refusal does not block the others',
    async (name) => {
      const announced: unknown[] = [];
      const app = await serve((request, response) => {
        void text(request).then((body) => {
          const { fileId } = JSON.parse(body) as { readonly fileId: string };
          announced.push(fileId);
          response.writeHead(fileId === 'refused' ? 500 : 200).end();
        });
      });
      const source = blockOf(name, 'ts').replace('https://app.example.com/videos', app.url);
      const { handler } = await importSnippet<{ readonly handler: DynamoDBStreamHandler }>(source, {}, 'ts');

      const Records = [
        record('new', 'ready', 'processing', new Date().toISOString()),
        record('refused', 'ready'),
        record('again', 'ready', 'ready'),
        record('pushed', 'processing', 'uploaded'),
        record('back-fill', 'ready', undefined, '2020-01-01T00:00:00Z'),
        record('last', 'ready', 'held'),
      ];
      const response = await handler({ Records }, {} as Context, () => undefined);
      expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'sequence-refused' }] });
      expect(announced.sort()).toEqual(['last', 'new', 'refused']);
      await app.close();
    },
  );

  test.each(DOCS)('%s: its event source reports item failures, bounds retries and has a dead-letter target', (name) => {
    const settings = blockOf(name, 'yml');
    expect(settings).toContain('functionResponseType: ReportBatchItemFailures');
    expect(settings).toMatch(/maximumRetryAttempts: [1-9]/);
    expect(settings).toContain('onFailure:');
  });
});
