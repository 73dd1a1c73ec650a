import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Finding } from '../../cli/check/findings';
import { formatAnnouncement } from '../../lib/notifications/queue';
import { cloudFormation, vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

// `notifications` and its part of `check`, against a local run that sends webhooks to a receiver of this test.

const DEAD_LETTERS = 'NotifyAppDeadLetters';
const HOUR = 3_600_000;

interface Received {
  readonly id: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

let dataDir: string;
let receiver: Awaited<ReturnType<typeof serve>>;
let run: TestRun;
let received: Received[] = [];
let reply: { readonly status: number; readonly headers?: Record<string, string> } = { status: 200 };
let secret: string;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  receiver = await serve((request, response) => {
    void text(request).then((body) => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      received.push({ id: headers['webhook-id'] ?? '', body, headers });
      response.writeHead(reply.status, reply.headers).end();
    });
  });
  run = await startTestRun({ dataDir, features: { notifyUrl: `${receiver.url}/webhooks?key=of-the-receiver` } });
  secret = run.secrets.notifySecret;
});

afterAll(async () => {
  await run.stop();
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

beforeEach(() => {
  received = [];
  reply = { status: 200 };
  run.queues.store.purge(DEAD_LETTERS);
  run.parameterStore.parameters.set('/local/notify-secret', secret);
  run.parameterStore.parameters.delete('/vod-client-upload/local/rotation');
});

const local = (...args: string[]) => vod([...args, '--local'], { DATA_DIR: dataDir });
const notifications = (...args: string[]) => local('notifications', ...args);

function lastReceived(): Received {
  const last = received.at(-1);
  if (!last) throw new Error('The receiver got nothing');
  return last;
}

/** A webhook that was given up. */
function giveUp(id: string, fileId = '7', timestamp = new Date(Date.now() - 26 * HOUR).toISOString()) {
  const body = JSON.stringify({ type: 'upload.ready', timestamp, data: { fileId, status: 'ready', version: 3 } });
  run.queues.send(DEAD_LETTERS, formatAnnouncement({ id, body }));
}

const deadLetters = () => run.queues.stats(DEAD_LETTERS);

async function waitFor(isThere: () => boolean) {
  const deadline = Date.now() + 15_000;
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error(`It did not happen: ${JSON.stringify(received.map(({ id }) => id))}`);
    await sleep(50);
  }
}

describe('notifications test', () => {
  test('notifications test posts one delivery that the standard’s library verifies, about the file id 0', async () => {
    const { code, out, err } = await notifications('test');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/webhook-id {2}msg_test_[\w-]+\nresult {6}the receiver returned 200, after \d+ ms$/);
    expect(out).not.toContain('of-the-receiver');
    expect(received).toHaveLength(1);
    const { id, body, headers } = lastReceived();
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      type: 'upload.ready',
      data: { fileId: '0', status: 'ready', version: 0 },
    });
    expect(out).toContain(id);
  });

  test('notifications test signs with both secrets while one rotates', async () => {
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    run.parameterStore.parameters.set('/local/notify-secret', `${other},${secret}`);
    await notifications('test');
    const { body, headers } = lastReceived();
    for (const one of [secret, other]) expect(() => new Webhook(one).verify(body, headers)).not.toThrow();
  });

  test.each([
    [301, /returned 301.*/, /redirects are not followed/],
    [401, /returned 401/, /raw body.*clock.*file id 0/],
    [404, /returned 404/, /no route takes a POST/],
    [410, /returned 410/, /dead-letter queue without a retry/],
    [500, /returned 500/, /receiver's log/],
  ])('notifications test exits 1 with what to do when the receiver returns %i', async (status, result, advice) => {
    reply = { status, headers: { location: `${receiver.url}/elsewhere` } };
    const { code, out, err } = await notifications('test');
    expect([code, out, err]).toEqual([1, expect.stringMatching(result), expect.stringMatching(advice)]);
    expect(received).toHaveLength(1);
  });

  test('notifications test exits 1 with what to do when no server responds at the URL', async () => {
    const stack = await serve(cloudFormation(() => 'vod-client-upload-dev', {}));
    const aws = { AWS_ENDPOINT_URL_SSM: run.parameterStore.url, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
    const before = { ...process.env };
    Object.assign(process.env, aws);
    const env = { NOTIFY_URL: stack.url, NOTIFY_SECRET_PARAMETER: '/local/notify-secret' };
    await stack.close();
    const { code, out, err } = await vod(['notifications', 'test'], env);
    process.env = before;
    expect([code, out]).toEqual([1, expect.stringContaining('could not be reached (ECONNREFUSED)')]);
    expect(err).toMatch(/reachable from the internet.*15 s/);
  });
});

describe('notifications failed', () => {
  test('notifications failed lists id, type, file id and age of each, and leaves them in the queue', async () => {
    giveUp('msg_first', '5285890784273533167');
    giveUp('msg_second', '8', new Date(Date.now() - 72 * HOUR).toISOString());
    run.queues.send(DEAD_LETTERS, 'not a webhook');
    for (let times = 0; times < 2; times += 1) {
      const { code, out } = await notifications('failed');
      expect(code).toBe(0);
      expect(out).toMatch(/^msg_first {2}upload\.ready +5285890784273533167 {2}26 h$/m);
      expect(out).toMatch(/^msg_second {2}upload\.ready +8 {2}3 days$/m);
      expect(out).toMatch(/^unreadable {2}message [\w-]+$/m);
      expect(out).toMatch(/3 dead letters; .*npm run vod -- notifications retry --all --local$/);
      expect(deadLetters()).toEqual({ visible: 3, inFlight: 0, delayed: 0 });
    }
  });

  test('notifications failed --json prints more messages than SQS returns at once', async () => {
    for (let number = 0; number < 25; number += 1) giveUp(`msg_${number}`, `${number}`);
    const { out } = await notifications('failed', '--json');
    const listed = JSON.parse(out) as { readonly id: string; readonly fileId: string }[];
    expect(listed.map(({ id }) => id).sort()).toEqual(Array.from({ length: 25 }, (_, n) => `msg_${n}`).sort());
    expect(Object.keys(listed[0] ?? {}).sort()).toEqual(['fileId', 'id', 'messageId', 'timestamp', 'type']);
    expect(deadLetters().visible).toBe(25);
  });

  test('notifications failed prints that there are none', async () => {
    expect(await notifications('failed')).toEqual({ code: 0, out: 'no dead letters', err: '' });
  });
});

describe('notifications retry', () => {
  test('notifications retry --all empties the dead-letter queue, and each webhook is delivered under its id', async () => {
    const ids = Array.from({ length: 25 }, (_, number) => `msg_again_${number}`);
    for (const id of ids) giveUp(id);
    giveUp('msg_again_0'); // the same twice, from a stream batch that was repeated
    const { code, out, err } = await notifications('retry', '--all');
    expect([code, out, err]).toEqual([0, '26 dead letters read, 26 queued for delivery again', '']);
    expect(deadLetters()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    await waitFor(() => received.length === 26);
    expect(new Set(received.map(({ id }) => id))).toEqual(new Set(ids));
    for (const { body, headers } of received) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  });

  test('notifications retry --all ends although the receiver refuses them for good again', async () => {
    reply = { status: 410 };
    for (const id of ['msg_a', 'msg_b', 'msg_c']) giveUp(id);
    expect(await notifications('retry', '--all')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^3 .* 3 queued/),
    });
    await waitFor(() => received.length === 3 && deadLetters().visible === 3);
    expect((await notifications('failed')).out).toContain('3 dead letters');
  });

  test('notifications retry with ids delivers those alone, and names an unknown id', async () => {
    for (const id of ['msg_one', 'msg_two', 'msg_three']) giveUp(id);
    const { code, out, err } = await notifications('retry', 'msg_two', 'msg_four');
    expect([code, out, err]).toEqual([
      1,
      '1 dead letter read, 1 queued for delivery again',
      'msg_four is not among the dead letters',
    ]);
    expect(deadLetters()).toEqual({ visible: 2, inFlight: 0, delayed: 0 });
    await waitFor(() => received.length === 1);
    expect(received[0]?.id).toBe('msg_two');
  });

  test('notifications retry leaves a message that is not a webhook in the queue, and exits 1', async () => {
    run.queues.send(DEAD_LETTERS, '{"id":"msg_x"}');
    const { code, out, err } = await notifications('retry', '--all');
    expect([code, out]).toEqual([1, '0 dead letters read, 0 queued for delivery again']);
    expect(err).toMatch(/^The message [\w-]+ is not a webhook of this service/);
    expect(deadLetters().visible).toBe(1);
  });

  test.each([
    ['SendMessageBatch', 0],
    ['DeleteMessageBatch', 2],
  ])('notifications retry interrupted at %s loses no webhook, and can be repeated', async (action, deliveredOnce) => {
    let isBroken = true;
    const relay = await serve((request, response) => {
      const target = String(request.headers['x-amz-target']);
      void text(request).then(async (body) => {
        if (isBroken && target.endsWith(action)) {
          response.writeHead(403).end('{"__type":"AccessDeniedException","message":"interrupted"}');
          return;
        }
        const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' };
        const forwarded = await fetch(run.queues.url, { method: 'POST', body, headers });
        response.writeHead(forwarded.status, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(await forwarded.text());
      });
    });
    const outputs = {
      UploadsTableName: 'x',
      UploadsTableStreamArn: 'x',
      VodEventsUrl: 'https://x.example/vod-events',
      NotifyAppQueueUrl: run.queues.queueUrl('NotifyAppQueue'),
      NotifyAppDeadLettersUrl: run.queues.queueUrl(DEAD_LETTERS),
    };
    const stack = await serve(cloudFormation(() => 'vod-client-upload-prod', outputs));
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SQS: relay.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: stack.url,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    });
    try {
      const retry = () => vod(['notifications', 'retry', '--all', '--stage', 'prod']);
      for (const id of ['msg_one', 'msg_two']) giveUp(id);
      expect(await retry()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('interrupted') });
      expect(deadLetters()).toEqual({ visible: 2, inFlight: 0, delayed: 0 });
      await waitFor(() => received.length === deliveredOnce);
      isBroken = false;
      expect(await retry()).toMatchObject({ code: 0, out: expect.stringContaining('2 queued') });
      expect(deadLetters()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
      await waitFor(() => received.length === deliveredOnce + 2);
      expect(new Set(received.map(({ id }) => id))).toEqual(new Set(['msg_one', 'msg_two']));
    } finally {
      process.env = before;
      await relay.close();
      await stack.close();
    }
  });

  test('notifications retry reports messages that another run holds', async () => {
    giveUp('msg_held');
    run.queues.store.receive(DEAD_LETTERS, { max: 1, visibilityTimeout: 300 });
    const { out, err } = await notifications('retry', '--all');
    expect([out, err]).toEqual([
      '0 dead letters read, 0 queued for delivery again',
      expect.stringMatching(/^1 dead letter is being read by another run.*try again in 5 minutes$/),
    ]);
  });
});

test.each([
  ['no subcommand', []],
  ['an unknown subcommand', ['resend']],
  ['retry without ids', ['retry']],
  ['retry with --all and an id', ['retry', '--all', 'msg_1']],
  ['failed with an id', ['failed', 'msg_1']],
  ['test with --json', ['test', '--json']],
])('notifications with %s is a usage error', async (_, args) => {
  expect(await notifications(...args)).toMatchObject({ code: 2, out: '' });
});

describe('check of webhooks', () => {
  const PARTS = ['notify-secret', 'notify-url', 'notify-dead-letters'];

  async function check() {
    const { code, out } = await local('check', '--json');
    const { findings } = JSON.parse(out) as { readonly findings: readonly Finding[] };
    expect(out).not.toContain(secret);
    expect(out).not.toContain('of-the-receiver');
    return { code, parts: findings.filter((finding) => PARTS.includes(finding.check)) };
  }

  test('check finds no fault in webhooks that work, and posts one test', async () => {
    const { code, parts } = await check();
    expect([code, parts.map((part) => [part.check, part.status])]).toEqual([0, PARTS.map((part) => [part, 'ok'])]);
    expect(received.map(({ id }) => id)).toEqual([expect.stringMatching(/^msg_test_/)]);
  });

  test.each<[string, () => unknown, string, RegExp]>([
    ['a receiver that refuses', () => (reply = { status: 401 }), 'notify-url', /returned 401; it must verify/],
    ['a receiver that redirects', () => (reply = { status: 302 }), 'notify-url', /returned 302; redirects are not/],
    [
      'a secret that is not one',
      () => run.parameterStore.parameters.set('/local/notify-secret', 'password'),
      'notify-secret',
      /must contain whsec_.*secrets create --local.*delete the parameter/,
    ],
    [
      'no secret',
      () => run.parameterStore.parameters.delete('/local/notify-secret'),
      'notify-secret',
      /secrets create --local/,
    ],
    [
      'webhooks that were not delivered',
      () => {
        giveUp('msg_dead');
      },
      'notify-dead-letters',
      /about 1 webhook was not delivered: .*notifications failed --local.*retry --all --local/,
    ],
  ])('check reports %s as one fault, with what to do', async (_, arrange, name, detail) => {
    arrange();
    const { code, parts } = await check();
    expect(code).toBe(1);
    expect(parts.filter(({ status }) => status === 'fault')).toEqual([
      { check: name, status: 'fault', detail: expect.stringMatching(detail) },
    ]);
  });
});

describe('secrets > notify-secret', () => {
  const stored = () => run.parameterStore.parameters.get('/local/notify-secret') ?? '';
  const rotate = (step: string, minutes: number) =>
    vod(
      ['secrets', 'rotate', 'notify-secret', '--step', step, '--local'],
      { DATA_DIR: dataDir },
      { now: () => Date.now() + minutes * 60_000 },
    );

  test('secrets create makes a notify-secret of 32 bytes, as the standard spells them', async () => {
    run.parameterStore.parameters.delete('/local/notify-secret');
    const { out } = await local('secrets', 'create');
    expect(out).toMatch(/^created {2}\/local\/notify-secret {2}sha256:[0-9a-f]{8}$/m);
    const [, base64 = ''] = /^whsec_(.+)$/.exec(stored()) ?? [];
    expect(Buffer.from(base64, 'base64')).toHaveLength(32);
    expect((await notifications('test')).code).toBe(0);
  });

  test('secrets rotate drops the old notify-secret only once the receiver accepts the new one', async () => {
    let accepted = secret;
    const verifying = await serve((request, response) => {
      void text(request).then((body) => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        try {
          new Webhook(accepted).verify(body, { ...headers, 'webhook-timestamp': headers['webhook-timestamp'] ?? '' });
          response.writeHead(204).end();
        } catch {
          response.writeHead(401).end();
        }
      });
    });
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SSM: run.parameterStore.url,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    });
    const env = {
      NOTIFY_URL: verifying.url,
      NOTIFY_SECRET_PARAMETER: '/local/notify-secret',
      VOD_KEY_PARAMETER: '/local/vod-key',
      SEAL_KEY_PARAMETER: '/local/seal-key',
      CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
    };
    const clock = Date.now() - 20 * 60_000;
    const step = (name: string, minutes: number) =>
      vod(['secrets', 'rotate', 'notify-secret', '--step', name], env, { now: () => clock + minutes * 60_000 });
    try {
      const added = await step('add', 0);
      expect([added.code, added.out]).toEqual([0, expect.stringMatching(/give your server the new one.*--step drop$/)]);
      const [made = '', ...others] = stored().split(',');
      expect([others, made]).toEqual([[secret], expect.stringMatching(/^whsec_/)]);
      expect(added.out).not.toContain(made);
      expect((await step('drop', 5)).err).toContain('not before');
      // The test is signed at this time of the fake clock, which the receiver takes for its own within 5 minutes.
      const refused = await step('drop', 20);
      expect([refused.code, refused.err]).toEqual([
        1,
        expect.stringMatching(
          /signed with the new one alone was not accepted .*401.*give your server the new one first/,
        ),
      ]);
      expect(stored()).toBe(`${made},${secret}`);
      accepted = made;
      expect((await step('drop', 20)).code).toBe(0);
      expect(stored()).toBe(made);
    } finally {
      process.env = before;
      run.parameterStore.parameters.delete('/vod-client-upload/dev/rotation');
      await verifying.close();
    }
  });

  test('secrets rotate of notify-secret has no step "use"', async () => {
    expect(await rotate('use', 0)).toMatchObject({ code: 2, err: expect.stringContaining('add, drop') });
  });
});
