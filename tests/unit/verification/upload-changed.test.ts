import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { RefusedRowError } from '../../../lib/uploads/store';
import { toItem, type Row } from '../../../lib/uploads/row';
import { uploadChanged } from '../../../lib/verification/upload-changed';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { context } from '../../support/lambda';
import { modelFile, SEAL_KEY, startService, type Service } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

/** A batch of the table's stream with these images; `undefined` is a removal. */
function batchOf(images: readonly (Row | undefined)[]): DynamoDBStreamEvent {
  const records = images.map((row, index) => ({
    eventName: row ? ('MODIFY' as const) : ('REMOVE' as const),
    dynamodb: {
      SequenceNumber: `sequence-${index + 1}`,
      ...(row && { NewImage: marshall(toItem(row), { removeUndefinedValues: true }) }),
    },
  }));
  // Both packages describe the JSON of one attribute value; their types differ in what may be undefined.
  return { Records: records } as DynamoDBStreamEvent;
}

function messagesOf(bodies: readonly string[]): SQSEvent {
  const Records = bodies.map((body, index) => ({ messageId: `message-${index + 1}`, body }));
  return { Records } as SQSEvent;
}

const body = (fileId: string, version: number, question = 'no-response') =>
  JSON.stringify({ fileId, version, attempt: 8, since: 1, question });

function startFunction(
  service: Service,
  sealKeys: () => Promise<readonly string[]> = () => Promise.resolve([SEAL_KEY]),
) {
  const deadlines: number[] = [];
  const handler = uploadChanged({
    store: service.store,
    vod: ({ deadline }) => {
      deadlines.push(deadline - service.clock.now());
      return service.vod.api;
    },
    sealKeys,
    delayQueue: service.delayQueue,
    deadLetters: service.deadLetters,
    now: service.clock.now,
    log: (fields) => service.lines.push(fields),
  });
  const invoke = async (event: DynamoDBStreamEvent | SQSEvent) => {
    const { batchItemFailures } = await handler(event, context());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  return { invoke, deadlines };
}

const upload = (fileId: string) => newFileUpload({ fileId });

/** A service that received the upload events of these files, and the images of their rows. */
async function received(fileIds: readonly string[]) {
  const service = startService(fileIds.map((fileId) => modelFile(fileId)));
  for (const fileId of fileIds) await service.receive(upload(fileId));
  return { service, images: fileIds.map((fileId) => service.row(fileId)), ...startFunction(service) };
}

describe('a batch of the stream', () => {
  test('verifies every row with one call to VOD and reports no failure', async () => {
    const { service, images, invoke } = await received(['1', '2', '3']);
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(['1', '2', '3'].map((fileId) => service.row(fileId).status)).toEqual(['ready', 'ready', 'ready']);
    expect(service.vod.count('DescribeMediaInfos')).toBe(1);
    expect(service.delayed).toEqual([]);
  });

  test('does not call VOD for confirmed images, unknown ones and removals', async () => {
    const { service, images, invoke } = await received(['1']);
    const row: Row = { ...(images[0] ?? service.row('1')) };
    const others = [{ ...row, trust: 'confirmed' } as const, { ...row, trust: 'unknown' } as const, undefined];
    expect(await invoke(batchOf(others))).toEqual([]);
    expect(service.vod.calls).toEqual([]);
  });

  test.each([
    ['in the order of the stream', [0, 1]],
    ['whatever their order', [1, 0]],
  ])('takes the newest of several images of one row, %s', async (_, order) => {
    const { service, images, invoke } = await received(['1']);
    await service.receive(procedureStateChanged({ fileId: '1' }, 'FINISH', { taskId: 't' }));
    const both = [...images, service.row('1')];
    expect(await invoke(batchOf(order.map((index) => both[index])))).toEqual([]);
    // The older image would have been refused for its version.
    expect(service.row('1')).toMatchObject({ trust: 'confirmed', version: 3 });
    expect(service.lines).toContainEqual(expect.objectContaining({ outcome: 'verified', rows: 1, confirmed: 1 }));
  });

  test('leaves a late record to the later one of its row, and verifies a late one that is still the row', async () => {
    const { service, images, invoke } = await received(['1', '2']);
    await service.receive(procedureStateChanged({ fileId: '1' }, 'FINISH', { taskId: 't' }));
    service.clock.advance(60_000);
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(service.vod.calls).toMatchObject([{ request: { FileIds: ['2'] } }]);
    expect(service.row('1')).toMatchObject({ trust: 'pushed', version: 2 });
    expect(service.row('2').trust).toBe('confirmed');
  });

  test('verifies late records as they are while the table cannot be read', async () => {
    const { service, images, invoke } = await received(['1']);
    service.clock.advance(60_000);
    service.store.failWith((method) => {
      if (method === 'readAll') throw new Error('InternalServerError');
    });
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(service.row('1').trust).toBe('confirmed');
  });

  test('names every record of a row that the table does not store, and no other', async () => {
    const { service, images, invoke } = await received(['1', '2']);
    await service.receive(fileDeleted({ fileId: '2' }));
    service.store.failWith((method, fileId) => {
      if (method === 'replace' && fileId === '2') throw new Error('InternalServerError');
    });
    expect(await invoke(batchOf([...images, service.row('2')]))).toEqual(['sequence-2', 'sequence-3']);
    expect(service.row('1').trust).toBe('confirmed');
  });

  test('does not fail for a row that the table refuses for good', async () => {
    const { service, images, invoke } = await received(['1', '2']);
    service.store.failWith((method, fileId) => {
      if (method === 'replace' && fileId === '1') throw new RefusedRowError('a parameter value is not valid');
    });
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(service.row('2').trust).toBe('confirmed');
    expect(service.lines).toContainEqual(expect.objectContaining({ outcome: 'row-refused', fileIds: ['1'] }));
  });

  test.each([
    'InternalError',
    'FailedOperation',
    'UnauthorizedOperation',
    'LimitExceeded',
    'ResourceUnavailable',
    'toString',
  ])('H2: a file for which alone VOD returns %s is delayed, and holds up none of its batch', async (code) => {
    const ids = Array.from({ length: 20 }, (_, index) => String(index + 1));
    const { service, images, invoke } = await received(ids);
    service.vod.failWith((action, request) => {
      if (JSON.stringify(request).includes('"9"')) throw refusal(action, code);
    });
    expect(await invoke(batchOf(images))).toEqual([]);
    const others = ids.filter((fileId) => fileId !== '9');
    expect(others.map((fileId) => service.row(fileId).trust)).toEqual(others.map(() => 'confirmed'));
    expect(service.delayed).toMatchObject([{ fileId: '9', question: 'no-response' }]);
    expect(service.lines).toContainEqual(
      expect.objectContaining({ outcome: 'no-response', fileIds: ['9'], reason: expect.stringContaining(code) }),
    );
  });

  test('while VOD fails, one call and two about single files are made, all rows are delayed, and no record fails', async () => {
    const { service, images, invoke } = await received(['1', '2', '3']);
    const writes = service.store.writes.length;
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(service.vod.calls).toHaveLength(3);
    expect(service.store.writes).toHaveLength(writes);
    expect(service.delayed).toEqual(
      ['1', '2', '3'].map((fileId) => ({
        fileId,
        version: 1,
        attempt: 0,
        since: service.clock.now(),
        question: 'no-response',
      })),
    );
  });

  test('while VOD and the queue fail, the records fail, and the stream delivers them again', async () => {
    const { service, images, invoke } = await received(['1', '2']);
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    service.failQueueWith(new Error('Cannot queue messages'));
    expect(await invoke(batchOf(images))).toEqual(['sequence-1', 'sequence-2']);
    expect(service.lines).toContainEqual(expect.objectContaining({ level: 'error', outcome: 'delay-failed' }));
  });

  test('while the queue is unavailable, only records of rows with an open question fail', async () => {
    const { service, images, invoke } = await received(['1', '2']);
    service.vod.put(modelFile('2', { metaData: null }));
    service.failQueueWith(new Error('Cannot queue messages'));
    expect(await invoke(batchOf(images))).toEqual(['sequence-2']);
  });

  test('without the seal keys no response is stored, and all rows are delayed', async () => {
    const { service, images } = await received(['1']);
    const { invoke } = startFunction(service, () => Promise.reject(new Error('SSM is unavailable')));
    expect(await invoke(batchOf(images))).toEqual([]);
    expect(service.row('1').trust).toBe('pushed');
    expect(service.delayed).toMatchObject([{ fileId: '1', question: 'no-response' }]);
  });

  test('waits at most 8 s for VOD, so that a slow one does not block the stream', async () => {
    const { images, invoke, deadlines } = await received(['1']);
    await invoke(batchOf(images));
    expect(deadlines).toHaveLength(1);
    expect(deadlines[0]).toBeLessThanOrEqual(8_000);
  });

  test('an empty batch makes no call', async () => {
    const { service, invoke } = await received([]);
    expect(await invoke(batchOf([]))).toEqual([]);
    expect(service.vod.calls).toEqual([]);
  });

  test('every line of the log has the id of the invocation, and none has content of a file', async () => {
    const { service, images, invoke } = await received(['1']);
    await invoke(batchOf(images));
    expect(service.lines.length).toBeGreaterThan(0);
    for (const line of service.lines) expect(line).toHaveProperty('requestId');
    expect(JSON.stringify(service.lines)).not.toContain('http://');
  });
});

describe('messages of the delay queue', () => {
  test('are verified as the row stands now', async () => {
    const { service, invoke } = await received(['1']);
    expect(await invoke(messagesOf([body('1', 1)]))).toEqual([]);
    expect(service.row('1')).toMatchObject({ status: 'ready', trust: 'confirmed' });
  });

  test('are dropped when the row has another version, or does not exist', async () => {
    const { service, invoke } = await received(['1']);
    expect(await invoke(messagesOf([body('1', 7), body('2', 1)]))).toEqual([]);
    expect(service.vod.calls).toEqual([]);
    expect(service.delayed).toEqual([]);
  });

  test('with version 0 are verified while the file has no row, and dropped once it has one', async () => {
    const service = startService([modelFile('1'), modelFile('2')]);
    const { invoke } = startFunction(service);
    await service.receive(upload('2'));
    const before = service.row('2');
    expect(await invoke(messagesOf([body('1', 0), body('2', 0)]))).toEqual([]);
    expect(service.row('1')).toMatchObject({ status: 'ready', trust: 'confirmed' });
    expect(service.row('2')).toEqual(before);
  });

  test('are verified once for each row, in the newest version, and all succeed', async () => {
    const { service, invoke } = await received(['1']);
    await service.receive(fileDeleted({ fileId: '1' }));
    expect(await invoke(messagesOf([body('1', 2), body('1', 1)]))).toEqual([]);
    expect(service.row('1').trust).toBe('confirmed');
  });

  test('fail alone when they cannot be read, and go to the dead letters', async () => {
    const { service, invoke } = await received(['1']);
    expect(await invoke(messagesOf(['{', body('1', 1), 'null']))).toEqual(['message-1', 'message-3']);
    expect(service.row('1').trust).toBe('confirmed');
    expect(service.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'unreadable-message', messageId: 'message-1' }),
    );
  });

  test('fail while the table cannot be read', async () => {
    const { service, invoke } = await received(['1']);
    service.store.failWith((method) => {
      if (method === 'readAll') throw new Error('InternalServerError');
    });
    expect(await invoke(messagesOf([body('1', 1), body('2', 1)]))).toEqual(['message-1', 'message-2']);
  });

  test('keep counting their attempts from their begin', async () => {
    const { service, invoke } = await received(['1']);
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    const since = service.clock.now() - 60_000;
    const delayed = { fileId: '1', version: 1, attempt: 4, since, question: 'no-response' };
    await invoke(messagesOf([JSON.stringify(delayed)]));
    expect(service.delayed).toEqual([{ ...delayed, attempt: 5 }]);
  });

  test('go to the dead letters after 24 hours, with an error line', async () => {
    const { service, invoke } = await received(['1']);
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    await invoke(messagesOf([body('1', 1)])); // since 1970
    expect(service.delayed).toEqual([]);
    expect(service.givenUp).toMatchObject([{ fileId: '1', version: 1 }]);
    expect(service.lines).toContainEqual(expect.objectContaining({ level: 'error', outcome: 'given-up' }));
  });

  test('verify a missing file for the second time', async () => {
    const { service, invoke } = await received(['1']);
    await service.verify(['1']);
    service.vod.remove('1');
    await invoke(messagesOf([body('1', 2, 'missing')]));
    expect(service.row('1').status).toBe('deleted');
  });
});
