import { unmarshall } from '@aws-sdk/util-dynamodb';
import { streamClient, type StreamPosition } from '../../local/services/stream/client';
import { TABLE_NAME } from '../helpers/backend';
import { newFileUpload } from '../helpers/events';
import { HOUR, MINUTE, startReconciliation, type Reconciliation, type WorldOptions } from '../helpers/reconciliation';
import { ask, cleanUp, receiver, type Receiver } from '../helpers/vod-client';

const DAY = 24 * HOUR;
const SAMPLES = 20;

/** An AI content review that is part of a procedure, which ReviewInfo does not show. */
const OLD_REVIEW = {
  steps: [{ type: 'Transcode', definition: 100010, fails: false }],
  contentReview: { suggestion: 'block', label: 'sexy', confidence: 98 },
} as const;

let world: Reconciliation;
let hook: Receiver;
/** How much of a file's processing VOD shows: 0: all tasks are running; 1: the procedure has finished; 2: everything has. */
let stage = 2;

async function startWorld(options: WorldOptions = {}): Promise<void> {
  hook = await receiver();
  world = await startReconciliation({ callbackUrl: hook.url, stepMs: 5, procedures: { OldReview: OLD_REVIEW }, ...options });
  world.vod.setFaults({ format: 'both' });
  stage = 2;
  world.api.answering = async (_, pass) => atStage(await pass(), stage);
}

afterEach(async () => {
  await world.stop();
  await cleanUp();
});

/** VOD's answer as it was at an earlier stage: with tasks that run, no review, and a file that is not forbidden yet. */
function atStage(answer: object, atMost: number): object {
  const rewrite = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const members: Record<string, unknown> = { ...value };
    const isLater = members['TaskType'] === 'Procedure' ? atMost < 1 : atMost < 2;
    if ('TaskType' in members && isLater) members['Status'] = 'PROCESSING';
    if ('ReviewInfo' in members && atMost < 2) members['ReviewInfo'] = null;
    if (members['Status'] === 'Forbidden' && atMost < 1) members['Status'] = 'Normal';
    return members;
  };
  return JSON.parse(JSON.stringify(answer), rewrite) as object;
}

/** Every status that a row had, in the order of the table's stream. */
async function streamedStatuses(fileId: string): Promise<string[]> {
  const stream = streamClient(world.webhook.table.url, TABLE_NAME);
  let position: StreamPosition = { streamArn: (await stream.streamArn()) ?? '' };
  const statuses: string[] = [];
  for (;;) {
    const page = await stream.read(position);
    if (page.isEmpty) return statuses;
    position = page.position;
    for (const { dynamodb } of page.records) {
      const image = dynamodb.NewImage && unmarshall(dynamodb.NewImage);
      if (image?.['fileId'] === fileId) statuses.push(String(image['status']));
    }
  }
}

/** Uploads a file and waits for its events, in both formats; returns its id. */
async function uploadWith(procedure: string): Promise<string> {
  const fileId = world.upload({ procedure });
  await world.processed(fileId);
  await hook.wait(hook.received.length === 0 ? 1 : hook.received.length);
  return fileId;
}

/** VOD's own events about a file, as they were sent. */
function sentEvents(fileId: string): object[] {
  return hook.received.filter(({ body }) => body.includes(fileId)).map(({ event }) => event);
}

/** A person's decision, as VOD's console stores it. */
async function decide(fileId: string, suggestion: 'pass' | 'block'): Promise<void> {
  const body = JSON.stringify({ fileId, suggestion });
  const { status } = await ask(world.vod.port, { method: 'POST', path: '/local/review', body });
  expect(status).toBe(200);
}

async function distribute(fileId: string, Operation: 'forbid' | 'recover'): Promise<void> {
  await world.client.ForbidMediaDistribution({ FileIds: [fileId], Operation });
}

/** What a review makes of a row. */
async function verdictOf(fileId: string) {
  const { status, trust, review, rejection, notice } = await world.item(fileId);
  return { status, trust, review, rejection, notice };
}

/** Random numbers from 0 up to 1 that depend on the seed only (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Step = object | 'verify' | 'advance';

/** Some of the events, some of them twice, in any order, with verifications and VOD's progress at any point in between. */
function randomSteps(events: readonly object[], random: () => number): Step[] {
  const kept = events.filter(() => random() < 0.6);
  const repeated = kept.filter(() => random() < 0.3);
  const steps: Step[] = [...kept, ...repeated, 'verify', 'verify', 'verify', 'advance', 'advance'];
  return steps
    .map((step) => ({ step, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ step }) => step);
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

const forbidden = { reason: 'forbidden', detail: 'the file is forbidden (Forbidden) in VOD' };
const blocked = (label: string) => ({ reason: 'review', detail: `VOD's review suggests "block" (${label})` });

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
    async ({ procedure, isBanned = false, events, ...expected }) => {
      await startWorld();
      const random = seededRandom(20261126);
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
      // Of `silent`, every event is lost.
      expect(await world.run()).toMatchObject({ finished: true, failed: 0 });
      for (const fileId of [silent, ...sampled]) {
        expect(await verdictOf(fileId)).toEqual({
          trust: 'confirmed',
          review: undefined,
          rejection: undefined,
          notice: undefined,
          ...expected,
          what: undefined,
        });
        expect(await streamedStatuses(fileId)).not.toContain('ready');
      }
    },
  );
});
