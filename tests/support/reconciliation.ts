import { setTimeout as sleep } from 'node:timers/promises';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import type { SendMessages } from '../../lib/platform/sqs';
import { uploaderIndex } from '../../lib/uploads/by-uploader';
import type { Limits } from '../../lib/uploads/limits';
import { deadLetters as deadLetterQueue, delayQueue } from '../../lib/verification/delay-queue';
import { reconcile, type Summary } from '../../lib/verification/reconcile';
import { uploadChanged } from '../../lib/verification/upload-changed';
import { vodApi } from '../../lib/vod/api';
import { seal } from '../../lib/vod/source-context';
import { streamMappings } from '../../local/lambda/event-sources/mappings';
import { streamClient, type StreamPosition } from '../../local/services/stream/client';
import type { StreamRecord } from '../../local/services/stream/record';
import type { Engine } from '../../local/services/table';
import type { VodOptions } from '../../local/vod/server';
import { countingClient, localConfig, retryDeps, TABLE_NAME } from './backend';
import type { EventBody } from './events';
import { context, queueEvent, streamEvent } from './lambda';
import { relay, type Respond } from './relay';
import { SECRET_ID, SECRET_KEY, start } from './vod/vod-client';
import { SEAL_KEY, startWebhook, type Item, type Webhook } from './webhook';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const QUEUE = 'http://queue.example/verification';
const DEAD_LETTERS = 'http://queue.example/dead-letters';
/** How long a message that failed is invisible: six times the function's time, as serverless.yml has it. */
const VISIBILITY_TIMEOUT = 6 * MINUTE;
/** Of one stream batch, as serverless.yml has it. */
const BATCH_SIZE = 100;
/** How long VOD may take for a procedure, in real time. */
const PROCESSED_TIMEOUT = 20 * SECOND;

interface Message {
  readonly body: string;
  readonly due: number;
}

interface UploadedFile {
  /** The app's own text, sealed for the caller. */
  readonly text?: string;
  readonly uploader?: string;
  readonly procedure?: string;
  /** The source context in VOD, in place of a seal. */
  readonly sourceContext?: string;
}

const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };

export interface WorldOptions extends Partial<VodOptions> {
  readonly engine?: Engine;
  readonly limits?: Limits;
}

/**
 * A VOD that pushes no events unless it is given a callback URL, the webhook, verification from the table's real stream
 * and an in-memory delay queue, and reconciliation.
 *
 * `clock.vod` and `clock.run` shift VOD's time and that of the functions, in milliseconds; VOD's must be right again when
 * its server API is called. What waits for the delay queue, or for the second look of a run, shifts `clock.run`.
 */
export async function startReconciliation({ engine, limits = {}, ...options }: WorldOptions = {}) {
  const clock = { vod: 0, run: 0 };
  const vodNow = () => Date.now() + clock.vod;
  const now = () => Date.now() + clock.run;
  const [webhook, vod, config] = await Promise.all([
    startWebhook({ now, ...(engine && { engine }) }),
    start({ now: vodNow, ...options }),
    localConfig(),
  ]);
  const api = { respond: ((_, pass) => pass()) as Respond, subAppId: undefined as number | undefined };
  const between = await relay(vod.port, (...call) => api.respond(...call));
  const client = sdkClient(vod.port);
  const sealKeys: [string, ...string[]] = [SEAL_KEY];
  const lines: Record<string, unknown>[] = [];
  const queue: Message[] = [];
  const deadMessages: string[] = [];
  const services = { isQueueAvailable: true, jitter: () => 0 };
  let checkpoint = '{}';

  const sendMessages: SendMessages = (url, messages) => {
    if (!services.isQueueAvailable) return Promise.reject(new Error('Cannot queue messages: SQS does not respond'));
    for (const { body, delaySeconds } of messages) {
      if (url === QUEUE) queue.push({ body, due: now() + delaySeconds * SECOND });
      else deadMessages.push(body);
    }
    return Promise.resolve();
  };

  const { dynamodb } = countingClient(webhook.table);
  const index = uploaderIndex({ ...retryDeps, now, dynamodb, tableName: TABLE_NAME });

  /** The parts of one instance of the functions. */
  function instance() {
    const keyPair = { secretId: SECRET_ID, secretKey: SECRET_KEY };
    const deps = { ...retryDeps, now };
    const { subAppId } = api;
    const vodApiOptions = { ...deps, url: between.url, subAppId, keyPair: () => Promise.resolve(keyPair) };
    return {
      store: webhook.store,
      vod: vodApi(vodApiOptions),
      writeApi: vodApi(vodApiOptions),
      limits,
      uploaderIndex: index,
      sealKeys: () => Promise.resolve(sealKeys),
      delayQueue: delayQueue({ sendMessages, queueUrl: QUEUE, random: services.jitter }),
      deadLetters: deadLetterQueue(sendMessages, DEAD_LETTERS),
      now,
      log: (fields: object) => void lines.push({ ...fields }),
    };
  }

  const checkpointStore = {
    read: () => Promise.resolve(checkpoint),
    write: (value: string) => {
      checkpoint = value;
      return Promise.resolve();
    },
  };
  const waitVirtually = (milliseconds: number) => {
    clock.run += milliseconds;
    return Promise.resolve();
  };

  const stream = streamClient(webhook.table.url, TABLE_NAME);
  const [mapping] = streamMappings(config).filter(({ functionKey }) => functionKey === 'uploadChanged');
  let position: StreamPosition | undefined;
  let pending: StreamRecord[] = [];

  async function readStream(): Promise<void> {
    const streamArn = await stream.streamArn();
    if (streamArn === undefined) throw new Error('Cannot read the stream: the table has none');
    for (;;) {
      const page = await stream.read(position ?? { streamArn });
      if (page.isEmpty) return;
      position = page.position;
      pending.push(...page.records.filter((record) => mapping?.matches(record)));
    }
  }

  /**
   * Delivers the records of the stream to the verification function, which has `time` milliseconds for a batch; returns
   * the number of records that had to be left.
   */
  async function verify(time = MINUTE): Promise<number> {
    const handler = uploadChanged(instance());
    for (;;) {
      await readStream();
      if (pending.length === 0) return 0;
      const batch = pending.slice(0, BATCH_SIZE);
      const { batchItemFailures } = await handler(streamEvent(batch), context(time));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const firstFailed = batch.findIndex(({ dynamodb }) => failed.has(dynamodb.SequenceNumber));
      pending = pending.slice(firstFailed === -1 ? batch.length : firstFailed);
      if (firstFailed !== -1) return pending.length;
    }
  }

  /** Lets time pass for the functions; what becomes due in the delay queue meanwhile is delivered when it is. */
  async function pass(milliseconds: number): Promise<void> {
    const end = now() + milliseconds;
    for (;;) {
      const due = Math.min(...queue.map((message) => message.due));
      if (due > end) break;
      clock.run += Math.max(0, due - now());
      const messages = queue.filter((message) => message.due <= now());
      for (const message of messages) queue.splice(queue.indexOf(message), 1);
      const response = await uploadChanged(instance())(queueEvent(messages), context(MINUTE));
      for (const { itemIdentifier } of response.batchItemFailures) {
        const { body = '' } = messages[Number(itemIdentifier)] ?? {};
        queue.push({ body, due: now() + VISIBILITY_TIMEOUT });
      }
      await verify();
    }
    clock.run += Math.max(0, end - now());
  }

  return {
    clock,
    now,
    /** Controls the responses of VOD's server API, and the application that the functions name. */
    api,
    /** The actions of VOD's server API that were called so far. */
    actions: between.actions,
    /** How often each action was called while `work` ran. */
    callsOf: async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
      const before = between.actions.length;
      await work();
      const counts: Record<string, number> = {};
      for (const action of between.actions.slice(before)) counts[action] = (counts[action] ?? 0) + 1;
      return counts;
    },
    /** The keys with which the functions open seals; uploads here are sealed with the first. */
    sealKeys,
    /** Whether the delay queue responds, and the random of its jitter. */
    services,
    /** The vendor's own SDK, unmodified, straight to VOD. */
    client,
    vod,
    webhook,
    lines,
    queue,
    /** The bodies of the messages in the dead-letter queue. */
    deadLetters: deadMessages,
    verify,
    pass,
    /** One run of reconciliation with `time` milliseconds left, in an instance of its own. */
    run: (time = 290_000, event: object = {}): Promise<Summary> =>
      reconcile({ ...instance(), checkpoint: checkpointStore, sleep: waitVirtually })(event, {
        awsRequestId: 'run',
        getRemainingTimeInMillis: () => time,
      }),
    checkpoint: checkpointStore,
    /** Puts an analysed file into VOD's library, as `uploader` would upload it; returns its id. */
    upload: ({ text = '', uploader = 'user-42', ...file }: UploadedFile = {}): string => {
      const sourceContext = seal(text, uploader, file.procedure !== undefined, SEAL_KEY);
      return vod.put({ ...FILE, sourceContext, ...file }).fileId;
    },
    /** VOD's own events about a file: that it was uploaded, and the end of each of its procedures. */
    eventsOf: async (fileId: string): Promise<EventBody[]> => {
      const { MediaInfoSet: [media] = [] } = await client.DescribeMediaInfos({ FileIds: [fileId] });
      const { TaskSet = [] } = await client.DescribeTasks({ FileId: fileId });
      const { BasicInfo: MediaBasicInfo, MetaData } = media ?? {};
      const ends = TaskSet.map(async ({ TaskId = '' }) => {
        const { ProcedureTask } = await client.DescribeTaskDetail({ TaskId });
        return { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: ProcedureTask };
      });
      const upload = { FileId: fileId, MediaBasicInfo, MetaData, ProcedureTaskId: TaskSet[0]?.TaskId ?? '' };
      return [{ EventType: 'NewFileUpload', FileUploadEvent: upload }, ...(await Promise.all(ends))];
    },
    /** Waits until VOD has ended every procedure of the file. */
    processed: async (fileId: string): Promise<void> => {
      const end = Date.now() + PROCESSED_TIMEOUT;
      while (Date.now() < end) {
        const { TaskSet = [] } = await client.DescribeTasks({ FileId: fileId });
        if (TaskSet.length > 0 && TaskSet.every(({ Status }) => Status === 'FINISH')) return;
        await sleep(10);
      }
      throw new Error(`VOD does not end the procedures of ${fileId}`);
    },
    item: async (fileId: string): Promise<Item> => {
      const item = await webhook.itemOf(fileId);
      if (!item) throw new Error(`there is no row of ${fileId}`);
      return item;
    },
    /** Delivers events to the webhook, which must take them. */
    deliver: async (...events: readonly object[]): Promise<void> => {
      for (const event of events) await deliverOne(webhook, event);
    },
    stop: webhook.stop,
  };
}

export type Reconciliation = Awaited<ReturnType<typeof startReconciliation>>;

async function deliverOne(webhook: Webhook, event: object): Promise<void> {
  const { statusCode, body = '' } = await webhook.post(event);
  if (statusCode !== 200) throw new Error(`the webhook returns ${statusCode ?? 0} ${body}`);
}

function sdkClient(port: number) {
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${port}` };
  const credential = { secretId: SECRET_ID, secretKey: SECRET_KEY };
  return new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
}

/** The content of a row without its version and the times of its writes. */
export function contentOf({ version, firstSeenAt, updatedAt, confirmedAt, ...content }: Item): Item {
  return content;
}
