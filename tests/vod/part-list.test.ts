import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { readPartList } from '../../local/vod/cos';
import {
  apply,
  cleanUp,
  cos,
  cosAuthorization,
  initiate,
  md5,
  putPart,
  start,
  tag,
  type RequestOptions,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const MIB = 1024 * 1024;
const ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const partOf = (number: number, etag = ETAG) =>
  `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${etag}&quot;</ETag></Part>`;
const listOf = (content: string) => `<CompleteMultipartUpload>${content}</CompleteMultipartUpload>`;

/** Milliseconds that it takes to refuse or read this text. */
function timeOf(xml: string): number {
  const began = performance.now();
  try {
    readPartList(xml);
  } catch {
    // most are malformed
  }
  return performance.now() - began;
}

describe('H16: the list of parts of Complete', () => {
  test.each<[string, (length: number) => string]>([
    ['parts that do not end', (length) => listOf('<Part>'.repeat(length / 6))],
    ['ends without parts', (length) => listOf('</Part>'.repeat(length / 7))],
    ['spaces in front', (length) => `${' '.repeat(length)}x`],
    ['spaces behind the declaration', (length) => `<?xml version="1.0"?>${' '.repeat(length)}x`],
    ['a declaration that does not end', (length) => `<?xml ${'?'.repeat(length)}`],
    ['a root that does not end', (length) => `<CompleteMultipartUpload${' '.repeat(length)}`],
    ['roots that end', (length) => `<CompleteMultipartUpload>${'</CompleteMultipartUpload> '.repeat(length / 27)}x`],
    ['spaces in a part', (length) => listOf(`<Part><PartNumber>${' '.repeat(length)}x</PartNumber></Part>`)],
    ['part numbers in a part', (length) => listOf(`<Part>${'<PartNumber> '.repeat(length / 13)}</Part>`)],
    ['spaces between parts', (length) => listOf(`${partOf(1)}${' '.repeat(length)}x`)],
  ])('takes linear time: %s', (_, make) => {
    timeOf(make(MIB)); // compiles
    // Quadratic time would be minutes.
    expect(timeOf(make(4 * MIB))).toBeLessThan(1000);
  });

  test('10 000 parts, as many as an upload may have, are read', () => {
    const xml = listOf(Array.from({ length: 10_000 }, (_, i) => partOf(i + 1)).join('\n'));
    expect(readPartList(xml)).toHaveLength(10_000);
  });

  test('10 000 parts arrive at the storage as a whole', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    await putPart(port, applied, uploadId, 1, Buffer.from('a'));
    // As the SDK for mini programs indents them: over a MiB.
    const parts = Array.from({ length: 10_000 }, (_, i) => `\n    ${partOf(i + 1, md5('a'))}`).join('');
    const path = `${applied.video.storagePath}?uploadId=${uploadId}`;
    const { status, text } = await cos(port, applied, { method: 'POST', path, body: listOf(parts) });
    expect([status, tag(text, 'Code')]).toEqual([400, ['EntityTooSmall']]); // read, and the first is too small
  });

  const space = fc.constantFrom('', ' ', '\n', '\r\n  ', '\t');
  const quote = fc.constantFrom('"', '&quot;', '&#34;', '');
  test('what SDKs write is read, however it is spaced and quoted', () => {
    const part = fc.record({ number: fc.integer({ min: 1, max: 10_000 }), etag: fc.constantFrom(ETAG, md5('a')) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), space, quote, fc.boolean(), (parts, gap, mark, isDeclared) => {
        const inner = parts
          .map(({ number, etag }) =>
            [
              '<Part>',
              `<PartNumber>${gap}${number}${gap}</PartNumber>`,
              `<ETag>${gap}${mark}${etag}${mark}${gap}</ETag>`,
              '</Part>',
            ].join(gap),
          )
          .join(gap);
        const declaration = isDeclared ? `<?xml version="1.0" encoding="UTF-8"?>${gap}` : '';
        const xml = `${gap}${declaration}<CompleteMultipartUpload xmlns="x">${gap}${inner}${gap}</CompleteMultipartUpload>${gap}`;
        expect(readPartList(xml)).toEqual(parts);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['another root', `<Complete>${partOf(1)}</Complete>`],
    ['text behind the root', `${listOf(partOf(1))}x`],
    ['text between the parts', listOf(`${partOf(1)}x${partOf(2)}`)],
    ['no parts', listOf('')],
    ['a part without a number', listOf(`<Part><ETag>${ETAG}</ETag></Part>`)],
    ['a part without an ETag', listOf('<Part><PartNumber>1</PartNumber></Part>')],
    ['a number of six digits', listOf(partOf(100_000))],
    ['a root only', '<CompleteMultipartUpload>'],
    ['a root that ends itself', '<CompleteMultipartUpload/>'],
  ])('%s is malformed', (_, xml) => {
    expect(() => readPartList(xml)).toThrow('Not a CompleteMultipartUpload document');
  });
});

describe('H16: a body without an end', () => {
  /** How many MiB of it were taken before the connection was closed. */
  async function mibOfEndless(port: number, { method = 'POST', path, headers = {} }: RequestOptions): Promise<number> {
    const lines = Object.entries({ host: 'localhost', 'transfer-encoding': 'chunked', ...headers });
    const head = [`${method} ${path} HTTP/1.1`, ...lines.map((line) => line.join(': '))].join('\r\n');
    const sender = join(__dirname, '../support/vod/endless-body.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [sender, String(port), head]);
    return Number(stdout);
  }

  test('ends the connection when the body is refused without being read', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write('PUT /nothing HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n');
    const timer = setInterval(() => socket.write('1\r\nx\r\n'), 100);
    let response = '';
    socket.on('data', (data: Buffer) => (response += data.toString()));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(timer);
    expect(response).toMatch(/^HTTP\/1\.1 404 /);
  }, 20_000);

  test('ends the connection of the upload service, reports, faults and Complete, and of requests refused unread', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    const complete = { method: 'POST', path: `${applied.video.storagePath}?uploadId=${uploadId}` };
    const storage = {
      ...complete,
      headers: {
        host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
        authorization: cosAuthorization(applied, complete),
        'x-cos-security-token': applied.tempCertificate.token,
      },
    };
    for (const options of [
      { path: '/vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC' },
      { path: '/vodreport.qcloud.com/ugcupload_new' },
      { path: '/local/faults', method: 'PUT' },
      { path: '/nothing', method: 'PUT' },
      storage,
    ]) {
      const mib = await mibOfEndless(port, options);
      expect(mib).toBeGreaterThan(0);
      expect(mib).toBeLessThan(400);
    }
  });
});
