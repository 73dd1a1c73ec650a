import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { sample } from '../support/thorough';

// A consumer of the table's stream that fails on one record blocks its shard for a day, unless its mapping says otherwise.
// The project's own consumer is in tests/deploy/template/event-sources.ts.

jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '../..');
const DOCUMENTS = [
  'README.md',
  'README.zh-CN.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

interface Example {
  readonly document: string;
  readonly code: string;
}

/** The fenced blocks of these languages that mention one of the texts. */
function examples(languages: string, mentioned: RegExp): Example[] {
  return DOCUMENTS.flatMap((document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const blocks = [...text.matchAll(new RegExp(`^\`\`\`(?:${languages})\\n([^]*?)^\`\`\``, 'gm'))];
    return blocks.flatMap(([, code = '']) => (mentioned.test(code) ? [{ document, code }] : []));
  });
}

const MAPPINGS = examples('ya?ml|json', /type: dynamodb|EventSourceMapping|UploadsTableStreamArn/);
const HANDLERS = examples('ts|js|mjs|python', /DynamoDB(Stream|Record)|NewImage/);

test('A17: the documents have examples of a stream consumer, in both languages', () => {
  const documents = ['docs/notifications.md', 'docs/notifications.zh-CN.md'];
  expect(MAPPINGS.map(({ document }) => document)).toEqual(expect.arrayContaining(documents));
  expect(HANDLERS.map(({ document }) => document)).toEqual(expect.arrayContaining(documents));
});

test('A17: each command of the documents that creates a mapping sets item failures, retries and a destination', () => {
  const commands = examples('sh|bash|', /create-event-source-mapping/);
  for (const { code } of commands) {
    expect(code).toContain('--function-response-types ReportBatchItemFailures');
    expect(code).toMatch(/--maximum-retry-attempts \d/);
    expect(code).toContain('OnFailure');
  }
});

test.each(HANDLERS)('A17: $document: the handler reports the records that failed', ({ code }) => {
  expect(code).toContain('batchItemFailures');
  expect(code).toContain('SequenceNumber');
});

test.each(sample(MAPPINGS, 1))(
  'A17: $document: the mapping, as the framework packages it, reports item failures, limits retries and has a dead-letter target',
  async ({ code }) => {
    const folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-stream-'));
    try {
      const queue = 'arn:aws:sqs:ap-southeast-1:123456789012:dead-letters';
      const table = 'arn:aws:dynamodb:ap-southeast-1:123456789012:table/t/stream/2026-11-26T00:00:00.000';
      const event = code.replace(/arn: <.*>/, `arn: ${table}`).replace(/<.*>/, queue);
      const head = 'service: consumer\nconfigValidationMode: error\nprovider: { name: aws, runtime: nodejs22.x }\n';
      const body = `functions:\n  consumer:\n    handler: index.handler\n    events:\n${event.replaceAll(/^(?=.)/gm, '      ')}`;
      await writeFile(join(folder, 'serverless.yml'), head + body);
      await writeFile(join(folder, 'index.js'), '');
      const bin = join(ROOT, 'node_modules/serverless/bin/serverless.js');
      const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
      await promisify(execFile)(process.execPath, [bin, 'package'], { cwd: folder, env });
      const file = join(folder, '.serverless/cloudformation-template-update-stack.json');
      const { Resources: resources } = JSON.parse(await readFile(file, 'utf8')) as {
        readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: object }>>;
      };
      const mappings = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping');
      expect(JSON.stringify(mappings)).toMatch(/"MaximumRetryAttempts":[1-9]\d?,/);
      expect(mappings.map(({ Properties }) => Properties)).toEqual([
        expect.objectContaining({
          EventSourceArn: table,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          BisectBatchOnFunctionError: true,
          MaximumRetryAttempts: expect.any(Number),
          DestinationConfig: { OnFailure: { Destination: queue } },
        }),
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
