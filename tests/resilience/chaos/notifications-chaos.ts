import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification } from '../../../lib/notifications/announcement';
import { seal } from '../../../lib/vod/source-context';
import type { Functions } from '../../../local/lambda/functions';
import { randomFrom } from '../../../local/vod/faults';
import { idOf, startAppServer, status, verifyWebhook, type ReceivedWebhook } from '../../support/app-server';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { startFastRun, type FastRun } from '../../support/fast-run';
import { apiClient } from '../../support/vod/vod-client';

// Uploads while the functions that tell the app are killed, the app refuses webhooks and batches of the stream repeat.
// Then every webhook is compared with what was uploaded.

export interface ChaosOptions {
  readonly uploads: number;
  readonly seed: number;
  readonly dataDir: string;
}

export interface ChaosReport {
  /** A webhook of each of these, as `<file> <type>`, must be accepted under one id. */
  readonly expected: number;
  /** Those that no webhook was accepted of. */
  readonly missing: readonly string[];
  /** Those that came under more than one id. */
  readonly severalIds: readonly string[];
  /** Webhooks of something that did not happen. */
  readonly extra: readonly string[];
  /** Webhooks that the package of Standard Webhooks refuses. */
  readonly unverified: number;
  readonly did: Readonly<Record<string, number>>;
}

/** Each second of the test is a minute and a half for the queues. */
const SPEED = 90;
const UPLOADS_PER_SECOND = 15;
/** How long after the last upload everything may be delivered, in milliseconds. */
const DELIVERED_TIMEOUT = 180_000;
const REFUSED = 0.3;
/** So often at most is one webhook refused: after that the pauses are long even here. */
const MAX_REFUSALS = 3;
/** Of the batches of the stream. */
const REPEATED = 0.3;
const QUEUE = 'NotifyAppQueue';

const PROCEDURES = [
  [undefined, 'upload.ready'],
  ['LongVideoPreset', 'upload.ready'],
  ['FailingPreset', 'upload.failed'],
  ['BlockingPreset', 'upload.rejected'],
  ['ReviewPreset', 'upload.held'],
] as const;

export async function notificationsChaos({ uploads, seed, dataDir }: ChaosOptions): Promise<ChaosReport> {
  const random = randomFrom(seed);
  const did = { 'functions killed': 0, 'batches repeated': 0, 'webhooks refused': 0, 'forged events': 0, deletions: 0 };
  const app = await startAppServer();
  const accepted = new Set<ReceivedWebhook>();
  app.respondWith((response, webhook, attempt) => {
    if (attempt <= MAX_REFUSALS && random() < REFUSED) {
      did['webhooks refused'] += 1;
      const refuse = [status(500), status(429, { 'retry-after': '1' }), () => response.destroy()];
      refuse[Math.floor(random() * refuse.length)]?.(response, webhook, attempt);
      return;
    }
    accepted.add(webhook);
    response.writeHead(204).end();
  });

  /** Delivers some batches of the stream twice, and of some lets the first delivery fail after it was handled. */
  const repeatBatches =
    (invoke: Functions['invoke']): Functions['invoke'] =>
    async (name, event) => {
      const outcome = await invoke(name, event);
      if (name !== 'uploadChanged' || !isStreamBatch(event) || random() >= REPEATED) return outcome;
      did['batches repeated'] += 1;
      return random() < 0.5 ? 'failed' : invoke(name, event);
    };
  const run = await startFastRun({ dataDir, notifyUrl: app.url, speed: SPEED, invokeThrough: repeatBatches });

  const uploading = new AbortController();
  async function kill(name: string): Promise<void> {
    while (!uploading.signal.aborted) {
      await sleep(500 + random() * 3_500);
      did['functions killed'] += 1;
      await run.functions.kill(name);
    }
  }

  try {
    const killing = Promise.all(['notifyApp', 'uploadChanged'].map(kill));
    const expected = await uploadAll(run, uploads, random, did);
    uploading.abort();
    await killing;
    await untilDelivered(run, () => countAccepted(accepted), expected.size);
    return report(run, expected, accepted, app.received, did);
  } finally {
    uploading.abort();
    await run.stop();
    await app.stop();
  }
}

/** Uploads, deletes some of what was uploaded, and posts forged events. Returns what must be announced. */
async function uploadAll(run: FastRun, uploads: number, random: () => number, did: Record<string, number>) {
  const expected = new Set<string>();
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  const api = apiClient(run.vod.port, { secretId, secretKey });
  const [key = ''] = run.secrets.sealKey.split(',');
  const plain: string[] = [];
  const count = (what: string) => (did[what] = (did[what] ?? 0) + 1);
  const post = async (event: object) => {
    count('forged events');
    await fetch(run.callbackUrl, { method: 'POST', body: JSON.stringify(event) });
  };

  /** Of files whose row is confirmed: the others are not announced when they go. */
  async function deleteSome(): Promise<void> {
    const ready = (await run.table.rows()).filter((row) => row['status'] === 'ready' && row['trust'] === 'confirmed');
    const known = new Set(ready.map((row) => String(row['fileId'])));
    for (const fileId of plain.filter((one) => known.has(one) && random() < 0.2)) {
      plain.splice(plain.indexOf(fileId), 1);
      count('deletions');
      expected.add(`${fileId} upload.deleted`);
      await api.DeleteMedia({ FileId: fileId });
    }
  }

  for (let number = 0; number < uploads; number++) {
    const [procedure, type] = PROCEDURES[number % PROCEDURES.length] ?? PROCEDURES[0];
    const sourceContext = seal(`order ${number}`, 'user-42', procedure !== undefined, key);
    const media = { name: `upload ${number}`, type: 'mp4', size: 1_000 + number, duration: 2, width: 4, height: 3 };
    const { fileId } = run.vod.put({ ...media, sourceContext, ...(procedure !== undefined && { procedure }) });
    expected.add(`${fileId} ${type}`);
    if (procedure === undefined) plain.push(fileId);
    if (number % 10 === 0) {
      await post(newFileUpload({ fileId: `52858907${String(number).padStart(11, '0')}` }));
      await post(procedureStateChanged({ fileId }, 'FINISH', { taskId: `forged-${number}`, failed: true }));
      await post(fileDeleted({ fileId }));
    }
    if (number % 20 === 19) await deleteSome();
    await sleep(1_000 / UPLOADS_PER_SECOND);
  }
  return expected;
}

function isStreamBatch(event: unknown): boolean {
  return (
    typeof event === 'object' && event !== null && 'Records' in event && JSON.stringify(event).includes('"dynamodb"')
  );
}

const describeWebhook = ({ body }: ReceivedWebhook) => {
  const { type, data } = JSON.parse(body) as Notification;
  return `${data.fileId} ${type}`;
};

const countAccepted = (accepted: ReadonlySet<ReceivedWebhook>) => new Set([...accepted].map(describeWebhook)).size;

/** Waits until as many were accepted as must be, and until the streams and the queue are empty: extras would come too. */
async function untilDelivered(run: FastRun, count: () => number, expected: number): Promise<void> {
  const end = Date.now() + DELIVERED_TIMEOUT;
  const isEmpty = () => Object.values({ ...run.queues.stats(QUEUE) }).every((messages) => messages === 0);
  while (Date.now() < end) {
    await sleep(200);
    if (count() < expected) continue;
    await run.eventSources.idle();
    if (isEmpty()) return;
  }
}

function report(
  run: FastRun,
  expected: ReadonlySet<string>,
  accepted: ReadonlySet<ReceivedWebhook>,
  received: readonly ReceivedWebhook[],
  did: Readonly<Record<string, number>>,
): ChaosReport {
  const idsByChange = new Map<string, Set<string>>();
  for (const webhook of received) {
    const change = describeWebhook(webhook);
    idsByChange.set(change, (idsByChange.get(change) ?? new Set()).add(idOf(webhook)));
  }
  const acceptedChanges = new Set([...accepted].map(describeWebhook));
  const isUnverified = (webhook: ReceivedWebhook) => {
    try {
      verifyWebhook(webhook, run.secrets.notifySecret);
      return false;
    } catch {
      return true;
    }
  };
  return {
    expected: expected.size,
    missing: [...expected].filter((change) => !acceptedChanges.has(change)),
    severalIds: [...idsByChange].filter(([, ids]) => ids.size > 1).map(([change]) => change),
    extra: [...idsByChange.keys()].filter((change) => !expected.has(change)),
    unverified: received.filter(isUnverified).length,
    did: {
      ...did,
      'webhooks received': received.length,
      'webhooks accepted': accepted.size,
      duplicates: accepted.size - acceptedChanges.size,
    },
  };
}
