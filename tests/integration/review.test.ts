import { streamClient, type StreamPosition } from '../../local/services/stream/client';
import { TABLE_NAME } from '../support/backend';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { HOUR, MINUTE, startReconciliation, type Reconciliation, type WorldOptions } from '../support/reconciliation';
import { atStage, blocked, forbidden, OLD_REVIEW, randomSteps, seededRandom, type Step } from '../support/review';
import { sendRequest, cleanUp, receiver, type Receiver } from '../support/vod/vod-client';

const DAY = 24 * HOUR;
const SAMPLES = 20;
const SEED = 20261126;

let world: Reconciliation;
let hook: Receiver;
/** How much of a file's processing VOD shows: 0: all tasks are running; 1: the procedure has finished; 2: everything has. */
let stage = 2;
let taskCount = 0;

async function startWorld(options: WorldOptions = {}): Promise<void> {
  hook = await receiver();
  world = await startReconciliation({
    callbackUrl: hook.url,
    stepMs: 5,
    procedures: { OldReview: OLD_REVIEW },
    ...options,
  });
  world.vod.setFaults({ format: 'both' });
  stage = 2;
  world.api.respond = async (_, pass) => atStage(await pass(), stage);
}

afterEach(async () => {
  await world.stop();
  await cleanUp();
});

/** Every status that each row had, in the order of the table's stream. */
async function streamedStatuses(): Promise<ReadonlyMap<string, readonly string[]>> {
  const stream = streamClient(world.webhook.table.url, TABLE_NAME);
  let position: StreamPosition = { streamArn: (await stream.streamArn()) ?? '' };
  const statuses = new Map<string, string[]>();
  for (;;) {
    const page = await stream.read(position);
    if (page.isEmpty) return statuses;
    position = page.position;
    for (const { dynamodb } of page.records) {
      const fileId = String(dynamodb.NewImage?.['fileId']?.['S']);
      statuses.set(fileId, [...(statuses.get(fileId) ?? []), String(dynamodb.NewImage?.['status']?.['S'])]);
    }
  }
}

/** VOD's own events about a file, as they were sent. */
function sentEvents(fileId: string): object[] {
  return hook.received.filter(({ body }) => body.includes(fileId)).map(({ event }) => event);
}

/** A person's decision, as VOD's console stores it. */
async function decide(fileId: string, suggestion: 'pass' | 'block'): Promise<void> {
  const body = JSON.stringify({ fileId, suggestion });
  const { status } = await sendRequest(world.vod.port, { method: 'POST', path: '/local/review', body });
  expect(status).toBe(200);
}

async function distribute(fileId: string, Operation: 'forbid' | 'recover'): Promise<void> {
  await world.client.ForbidMediaDistribution({ FileIds: [fileId], Operation });
}

/** A file that VOD has processed, after its events and their verification. */
async function reviewedFile(procedure: string): Promise<string> {
  const fileId = world.upload({ procedure });
  await world.processed(fileId);
  await world.deliver(newFileUpload({ fileId }));
  await world.verify();
  return fileId;
}

async function readyFile(): Promise<string> {
  const fileId = await reviewedFile('LongVideoPreset');
  expect(await verdictOf(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed' });
  return fileId;
}

/** The next verification of a confirmed file: an event about part of it was delivered, or `reconcile` audits it. */
async function verifyBy(cause: string, fileId: string): Promise<void> {
  if (cause === 'reconcile') {
    await world.run();
    return;
  }
  await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: `task-${++taskCount}` }));
  await world.verify();
}

/** The parts of a row that a review decides on. */
async function verdictOf(fileId: string) {
  const { status, trust, review, rejection, notice } = await world.item(fileId);
  return { status, trust, review, rejection, notice };
}

async function play(steps: readonly Step[]): Promise<void> {
  stage = 0;
  for (const step of steps) {
    if (step === 'verify') await world.verify();
    else if (step === 'advance') stage++;
    else if (typeof step === 'object') await world.deliver(step);
  }
  await world.verify();
}

interface Case {
  readonly what: string;
  readonly procedure: string;
  readonly isBanned?: boolean;
  /** How many events VOD sends in both formats together. */
  readonly events: number;
  readonly status: 'held' | 'rejected';
  readonly review?: object;
  readonly rejection?: object;
}

const CASES: readonly Case[] = [
  {
    what: 'a file of BlockingPreset',
    procedure: 'BlockingPreset',
    events: 5,
    status: 'rejected',
    review: { suggestion: 'block', label: 'Image.Porn' },
    rejection: blocked('Image.Porn'),
  },
  {
    what: 'a file of ReviewPreset',
    procedure: 'ReviewPreset',
    events: 5,
    status: 'held',
    review: { suggestion: 'review', label: 'OCR.Ad' },
  },
  {
    what: 'a file that the AI review of its procedure blocks',
    procedure: 'OldReview',
    events: 4,
    status: 'rejected',
    review: { suggestion: 'block', label: 'sexy' },
    rejection: blocked('sexy'),
  },
  {
    what: 'a file that is banned before it is ready',
    procedure: 'LongVideoPreset',
    isBanned: true,
    events: 4,
    status: 'rejected',
    rejection: forbidden,
  },
];

describe("V3: VOD's moderation result is never lost", () => {
  test.each(CASES)(
    'V3: $what is never ready at any moment and ends $status, whatever subset of its events arrives in whatever order',
    async ({ procedure, isBanned = false, events, status, review, rejection }) => {
      await startWorld();
      const random = seededRandom(SEED);
      const fileIds = Array.from({ length: SAMPLES + 1 }, () => world.upload({ procedure }));
      const [silent = '', ...sampled] = fileIds;
      for (const fileId of fileIds) {
        await world.processed(fileId);
        if (isBanned) await distribute(fileId, 'forbid');
      }
      await hook.wait(events * fileIds.length);
      for (const fileId of sampled) {
        const sent = sentEvents(fileId);
        expect(sent).toHaveLength(events);
        await play(randomSteps(sent, random));
      }
      stage = 2;
      // Every event about `silent` is lost.
      expect(await world.run()).toMatchObject({ finished: true, failed: 0 });
      const images = await streamedStatuses();
      for (const fileId of [silent, ...sampled]) {
        expect(await verdictOf(fileId)).toEqual({ status, trust: 'confirmed', review, rejection, notice: undefined });
        expect(images.get(fileId)?.at(-1)).toBe(status);
        expect(images.get(fileId)).not.toContain('ready');
      }
    },
  );

  test('V3: a video whose procedure has finished is processing, not ready, while its review is running', async () => {
    await startWorld();
    const fileId = world.upload({ procedure: 'BlockingPreset' });
    await world.processed(fileId);
    await hook.wait(5);
    stage = 1;
    await world.deliver(...sentEvents(fileId));
    await world.verify();
    expect(await verdictOf(fileId)).toMatchObject({ status: 'processing', trust: 'confirmed', review: undefined });
    stage = 2;
    await world.run();
    expect((await streamedStatuses()).get(fileId)).not.toContain('ready');
    expect(await verdictOf(fileId)).toMatchObject({ status: 'rejected' });
  });

  test.each(['event', 'reconcile'])(
    'V3: a file that is banned after it was ready is rejected at the next verification, caused by: %s',
    async (cause) => {
      await startWorld();
      const fileId = await readyFile();
      await distribute(fileId, 'forbid');
      await verifyBy(cause, fileId);
      expect(await verdictOf(fileId)).toMatchObject({ status: 'rejected', trust: 'confirmed', rejection: forbidden });
      const statuses = (await streamedStatuses()).get(fileId) ?? [];
      expect(statuses.slice(statuses.indexOf('rejected'))).not.toContain('ready');
    },
  );

  test.each(['event', 'reconcile'])(
    'V3: a file whose ban is lifted is ready at the next verification, caused by: %s',
    async (cause) => {
      await startWorld();
      const fileId = await readyFile();
      await distribute(fileId, 'forbid');
      await verifyBy('event', fileId);
      await distribute(fileId, 'recover');
      await verifyBy(cause, fileId);
      const { rejection, status } = await verdictOf(fileId);
      expect([status, rejection]).toEqual(['ready', undefined]);
    },
  );

  test('V3: a lifted ban does not make a file ready that the review blocks', async () => {
    await startWorld();
    const fileId = await reviewedFile('BlockingPreset');
    await distribute(fileId, 'forbid');
    await verifyBy('event', fileId);
    await distribute(fileId, 'recover');
    await verifyBy('event', fileId);
    expect(await verdictOf(fileId)).toMatchObject({ status: 'rejected', rejection: blocked('Image.Porn') });
  });
});

describe('the decision of a person on a review', () => {
  const PASSED = { status: 'ready', trust: 'confirmed', review: { suggestion: 'pass' }, rejection: undefined };
  const BLOCKED = { status: 'rejected', trust: 'confirmed', rejection: blocked('OCR.Ad') };

  test.each([
    ['pass', 0, PASSED],
    ['block', 0, BLOCKED],
    ['pass', 7 * MINUTE, PASSED],
    ['block', 14 * MINUTE, BLOCKED],
    ['pass', DAY, PASSED],
  ] as const)(
    'V3: the decision "%s", %i ms after the review, is in the row within 15 minutes',
    async (decision, after, verdict) => {
      await startWorld();
      const fileId = await reviewedFile('ReviewPreset');
      await world.pass(after);
      expect(await verdictOf(fileId)).toMatchObject({ status: 'held', rejection: undefined });
      await decide(fileId, decision);
      await world.pass(15 * MINUTE);
      expect(await verdictOf(fileId)).toMatchObject(verdict);
      expect(world.queue).toEqual([]);
      expect(world.deadLetters).toEqual([]);
    },
  );

  test('V3: a decision after 7 days is found by the audit of reconcile', async () => {
    await startWorld();
    const fileId = await reviewedFile('ReviewPreset');
    await world.pass(7 * DAY + HOUR);
    expect(world.queue).toEqual([]);
    expect(world.deadLetters).toEqual([]);
    await decide(fileId, 'pass');
    expect(await world.run()).toMatchObject({ corrected: 1 });
    expect(await verdictOf(fileId)).toMatchObject(PASSED);
  });

  test('V3: a decision overrules the review task, even if its event arrives later', async () => {
    await startWorld();
    const fileId = await reviewedFile('ReviewPreset');
    await decide(fileId, 'pass');
    await world.deliver(...sentEvents(fileId));
    await verifyBy('event', fileId);
    expect(await verdictOf(fileId)).toMatchObject(PASSED);
  });

  test('V3: the decision "pass" makes a video that the review blocked ready at the next verification', async () => {
    await startWorld();
    const fileId = await reviewedFile('BlockingPreset');
    expect(await verdictOf(fileId)).toMatchObject({ status: 'rejected' });
    await decide(fileId, 'pass');
    await world.run();
    expect(await verdictOf(fileId)).toMatchObject(PASSED);
  });

  test('V3: the decision "block" rejects a ready video at the next verification', async () => {
    await startWorld();
    const fileId = await readyFile();
    await decide(fileId, 'block');
    await world.run();
    expect(await verdictOf(fileId)).toMatchObject({ status: 'rejected', review: { suggestion: 'block' } });
  });
});
