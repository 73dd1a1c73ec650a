import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import type { Table } from '../local/services/table';
import { parseEvent } from '../lib/vod/event';
import { seal } from '../lib/vod/source-context';
import { changes, type Row } from '../lib/uploads/upload';
import { recorder, type Outcome } from '../lib/uploads/uploads-table';
import { engines, startUploadsTable, TABLE_NAME, uploadsTableProperties } from './helpers/backend';
import {
  fileDeleted,
  fileDeleted2,
  newFileUpload,
  newFileUpload2,
  permutations,
  procedureStateChanged,
  procedureStateChanged2,
  type EventBody,
} from './helpers/events';
import { merge } from './helpers/merge';

const KEY = 'seal key';
const sourceContext = seal('order=7', 'user-42', KEY);

describe.each(engines)('the table, on %s', (engine) => {
  let table: Table;
  let writes: number;
  let recordChange: ReturnType<typeof recorder>;
  let lastId = 0;
  const freshFile = () => ({ fileId: `52858907${++lastId}`, sourceContext, procedureTaskId: 'task-1' });

  beforeAll(async () => {
    table = await startUploadsTable(engine);
    table.client.middlewareStack.add((next) => (call) => {
      writes++;
      return next(call);
    });
    const edge = { dynamodb: table.client, now: Date.now, sleep, random: Math.random };
    recordChange = recorder({ ...edge, tableName: TABLE_NAME });
  });
  beforeEach(() => {
    writes = 0;
  });
  afterAll(async () => {
    await table.stop();
  });

  async function record(...events: EventBody[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const event of events) {
      for (const change of changes(parseEvent(event), [KEY], new Date().toISOString())) {
        outcomes.push(await recordChange(change, Date.now() + 10_000));
      }
    }
    return outcomes;
  }

  async function rowOf(fileId: string): Promise<Row | undefined> {
    const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
    const { Item: item } = await table.client.send(new GetItemCommand(key));
    return item && (unmarshall(item, { wrapNumbers: Number }) as Row);
  }

  function inMemory(events: readonly EventBody[]): Row | undefined {
    const made = events.flatMap((event) => changes(parseEvent(event), [KEY], '2026-11-22T12:00:00.000Z'));
    return made.reduce<Row | undefined>((row, change) => merge(row, change, '2026-11-22T12:00:00.000Z'), undefined);
  }

  const withoutReceipt = (row: Row | undefined) => ({ ...row, fileId: '', firstSeenAt: '', updatedAt: '' });

  test('an event that raises the status costs one write; one that does not costs two at most, a repeated one one', async () => {
    const file = freshFile();
    const task = { taskId: 'task-1' };
    const steps: [EventBody, Outcome, number][] = [
      [newFileUpload(file), 'recorded', 1],
      [newFileUpload(file), 'repeated', 1],
      [procedureStateChanged(file, 'PROCESSING', task), 'recorded', 2],
      [procedureStateChanged(file, 'FINISH', { ...task, failed: true }), 'recorded', 1],
      [procedureStateChanged(file, 'FINISH', { taskId: 'task-2' }), 'recorded', 1],
      [procedureStateChanged(file, 'FINISH', { taskId: 'task-3', failed: true }), 'recorded', 2],
      [newFileUpload({ ...file, url: 'http://evil.example/' }), 'contradicted', 2],
      [newFileUpload({ ...file, url: 'http://evil.example/' }), 'repeated', 1],
      [fileDeleted(file), 'recorded', 1],
      [fileDeleted(file), 'repeated', 1],
    ];
    for (const [event, outcome, count] of steps) {
      writes = 0;
      expect(await record(event)).toEqual([outcome]);
      expect(writes).toBe(count);
    }
  });

  test('orders of upload, processing, finish and delete, each twice, both formats mixed: the row of the pure merge', async () => {
    const eventsOf = (file: ReturnType<typeof freshFile>) => [
      newFileUpload(file),
      newFileUpload2({ ...file }),
      procedureStateChanged(file, 'PROCESSING', { taskId: 'task-1' }),
      procedureStateChanged2(file, 'PROCESSING', { taskId: 'task-1' }),
      procedureStateChanged(file, 'FINISH', { taskId: 'task-1' }),
      procedureStateChanged2(file, 'FINISH', { taskId: 'task-1' }),
      fileDeleted(file),
      fileDeleted2(file),
    ];
    // Set once, by the first to come: 2.0 knows no createTime.
    const memoryFile = freshFile();
    const memoryId = memoryFile.fileId;
    const { sortTime, url: _url, ...expected } = withoutReceipt(inMemory(eventsOf(memoryFile)));
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    await fc.assert(
      fc.asyncProperty(order, async (indexes) => {
        const file = freshFile();
        const events = eventsOf(file);
        await record(...indexes.flatMap((index): EventBody[] => (events[index] ? [events[index]] : [])));
        const { sortTime: _first, url, ...row } = withoutReceipt(await rowOf(file.fileId));
        expect(url).toContain(file.fileId);
        const same = JSON.parse(JSON.stringify(row).replaceAll(file.fileId, memoryId)) as object;
        expect({ ...same, stated: row.stated }).toEqual(expected);
      }),
      { numRuns: engine === 'dynoxide' ? 60 : 15 },
    );
  });

  test('every order of three events of one file: one and the same row', async () => {
    const rows = [];
    for (const order of permutations([0, 1, 2])) {
      const file = { ...freshFile(), url: 'http://1500000001.vod2.myqcloud.com/f0.mp4' };
      const events = [
        newFileUpload(file),
        procedureStateChanged({ ...file, url: 'http://other.example/f0.mp4', size: 1 }, 'FINISH', { taskId: 'task-1' }),
        newFileUpload2(file),
      ];
      await record(...order.flatMap((index): EventBody[] => (events[index] ? [events[index]] : [])));
      const { sortTime, ...row } = withoutReceipt(await rowOf(file.fileId));
      rows.push(row);
    }
    expect(rows[0]).toMatchObject({
      status: 'ready',
      url: 'http://1500000001.vod2.myqcloud.com/f0.mp4',
      size: 10_485_760,
    });
    for (const row of rows) expect(row).toEqual(rows[0]);
  });

  test('all events of a file at once, from many senders: the row of the pure merge', async () => {
    const file = freshFile();
    const events = [
      newFileUpload(file),
      procedureStateChanged(file, 'PROCESSING', { taskId: 'task-1' }),
      procedureStateChanged(file, 'FINISH', { taskId: 'task-1' }),
      procedureStateChanged(file, 'FINISH', { taskId: 'task-2', failed: true }),
    ];
    await Promise.all([...events, ...events, ...events].map((event) => record(event)));
    expect(withoutReceipt(await rowOf(file.fileId))).toEqual(withoutReceipt(inMemory(events)));
  });

  test('many senders at once keep to the bounds of a row: 8 claims, and no task too many bytes', async () => {
    const file = freshFile();
    await record(newFileUpload(file), procedureStateChanged(file, 'FINISH', { taskId: 'task-1' }));
    const forged = Array.from({ length: 12 }, (_, n) => newFileUpload({ ...file, url: `http://evil.example/${n}` }));
    const heavy = Array.from({ length: 8 }, (_, n): EventBody => {
      const item = { taskType: 'Transcode', status: 'SUCCESS', output: { url: 'x'.repeat(2_000) } };
      const processTaskList = Array.from({ length: 20 }, () => item);
      const data = { fileId: file.fileId, vodTaskId: `heavy-${n}`, status: 'FINISH', processTaskList };
      return { eventType: 'ProcedureStateChanged', data };
    });
    await Promise.all([...forged, ...heavy].map((event) => record(event)));
    const row = await rowOf(file.fileId);
    expect(row?.claims?.size).toBe(8);
    expect(row?.truncated).toBe(true);
    expect(Object.keys(row ?? {}).filter((name) => name.startsWith('task:heavy'))).toHaveLength(8);
    expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(150_000);
  });

  test('what one event says of the source context does not fill what another left open', async () => {
    const { fileId } = freshFile();
    const sealed = newFileUpload({ fileId, sourceContext: seal('', 'alice', KEY) });
    await record(sealed, newFileUpload({ fileId, sourceContext: 'order=666', procedureTaskId: 'task-1' }), sealed);
    const row = await rowOf(fileId);
    expect(row).toMatchObject({ seal: 'valid', uploader: 'alice', status: 'processing' });
    expect(row).not.toHaveProperty('sourceContext');
    expect(row?.claims?.size).toBe(1);
  });

  describe('bounds: stored at the bound, left out beyond it', () => {
    const bounded = (fileId: string, text: string, size: number): EventBody => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        ProcedureTaskId: 'p'.repeat(256),
        MediaBasicInfo: {
          ...Object.fromEntries(['Name', 'MediaUrl', 'CoverUrl', 'Type', 'CreateTime'].map((name) => [name, text])),
          SourceInfo: { SourceType: text, SourceContext: text },
        },
        MetaData: { Size: size, Duration: size, Width: 1e-100, Height: -size },
      },
    });
    const names = ['name', 'url', 'coverUrl', 'type', 'createTime', 'sourceType', 'sourceContext'];

    test('a file id of 64 bytes, task ids of 256, strings of 2 048 bytes, numbers of 2^53', async () => {
      const fileId = '文'.repeat(21) + 'x';
      const event = bounded(fileId, '好'.repeat(682) + 'xx', 2 ** 53);
      const finish = procedureStateChanged({ fileId }, 'FINISH', { taskId: '务'.repeat(85) + 'x' });
      expect(await record(event, event, finish, finish)).toEqual(['recorded', 'repeated', 'recorded', 'repeated']);
      const row = await rowOf(fileId);
      expect(row).toMatchObject({ size: 2 ** 53, duration: 2 ** 53, height: -(2 ** 53), status: 'ready' });
      expect(row).toMatchObject(Object.fromEntries(names.map((name) => [name, '好'.repeat(682) + 'xx'])));
      expect(row).toHaveProperty([`task:${'务'.repeat(85)}x`]);
    });

    test('strings of 2 049 bytes and numbers over 2^53 are left out, the rest is kept', async () => {
      const { fileId } = freshFile();
      await record(bounded(fileId, 'x'.repeat(2049), 2 ** 53 + 2));
      const row = await rowOf(fileId);
      expect(row).toMatchObject({ procedureTaskId: 'p'.repeat(256), status: 'processing' });
      for (const name of [...names, 'size', 'duration', 'width', 'height']) expect(row).not.toHaveProperty(name);
    });
  });

  describe('look-ups without a scan, newest first', () => {
    const query = async (index: string, attribute: string, value: string) => {
      const { Items: items = [] } = await table.client.send(
        new QueryCommand({
          TableName: TABLE_NAME,
          IndexName: index,
          KeyConditionExpression: '#a = :v',
          ExpressionAttributeNames: { '#a': attribute },
          ExpressionAttributeValues: marshall({ ':v': value }),
          ScanIndexForward: false,
        }),
      );
      return items.map((item) => unmarshall(item)['fileId'] as string);
    };
    const uploadedAt = (fileId: string, text: string, CreateTime: string): EventBody => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: { CreateTime, SourceInfo: { SourceContext: seal(text, `user-${engine}`, KEY) } },
      },
    });

    test('byUploader and bySourceContext', async () => {
      const text = 'x'.repeat(1_024);
      await record(
        uploadedAt('look-1', text, '2026-11-22T08:00:01Z'),
        uploadedAt('look-3', 'b', '2026-11-22T08:00:03Z'),
      );
      await record(uploadedAt('look-2', text, '2026-11-22T08:00:02Z'));
      expect(await query('byUploader', 'uploader', `user-${engine}`)).toEqual(['look-3', 'look-2', 'look-1']);
      expect(await query('bySourceContext', 'sourceContext', text)).toEqual(['look-2', 'look-1']);
    });
  });

  test('a table that is away for a while gets every event, and none is answered before it is durable', async () => {
    const files = Array.from({ length: 20 }, freshFile);
    await table.kill();
    let answered = 0;
    const recording = files.map(async (file) => {
      await record(newFileUpload(file));
      answered++;
    });
    await sleep(1_000);
    expect(answered).toBe(0);
    await table.restart();
    await table.create(await uploadsTableProperties());
    await Promise.all(recording);
    for (const { fileId } of files) expect(await rowOf(fileId)).toMatchObject({ status: 'processing' });
  });

  test('a table that takes the request and never answers: asked again, and given up when the time is up', async () => {
    let asked = 0;
    const silent = createServer(() => asked++).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const dynamodb = new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region: 'local', credentials });
    const recordThere = recorder({ dynamodb, tableName: TABLE_NAME, now: Date.now, sleep, random: Math.random });
    const [change] = changes(parseEvent(newFileUpload(freshFile())), [KEY], '');
    if (!change) throw new Error('no change');
    await expect(recordThere(change, Date.now() + 4_000)).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toBe(2);
    dynamodb.destroy();
    silent.closeAllConnections();
    silent.close();
  });

  test('a table that stays away: what it said last, once the time is up', async () => {
    const { fileId } = freshFile();
    await table.kill();
    const started = Date.now();
    const [change] = changes(parseEvent(newFileUpload({ fileId })), [KEY], new Date().toISOString());
    if (!change) throw new Error('no change');
    await expect(recordChange(change, started + 500)).rejects.toThrow(/ECONNREFUSED|socket hang up/);
    await table.restart();
    await table.create(await uploadsTableProperties());
  });
});
