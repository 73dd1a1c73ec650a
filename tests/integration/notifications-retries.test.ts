import { idOf, status, verifyWebhook, type Respond } from '../support/app-server';
import {
  announcement,
  DEAD_LETTERS,
  OTHER_SECRET,
  QUEUE,
  SECRET,
  SECRET_PARAMETER,
  startNotifications,
  type Notifications,
} from '../support/notifications';
import { formatAnnouncement } from '../../lib/notifications/queue';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

let service: Notifications;
beforeEach(async () => {
  service = await startNotifications();
});
afterEach(() => service.stop());

/** Seconds between the attempts that the app has seen. */
function pauses(): number[] {
  const times = service.app.received.map(({ at }) => Math.round(at / 1_000));
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

const outcomes = () => service.lines.map(({ outcome }) => outcome);

describe('a notification that the app does not accept', () => {
  test('is retried after 5 s, 30 s, 2, 10 and 30 min, then hourly for 24 h, and moved to the dead letters', async () => {
    service.app.respondWith(status(500));
    service.send(1);
    await service.pass(23.5 * HOUR);
    expect(pauses().slice(0, 5)).toEqual([5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE]);
    expect(new Set(pauses().slice(5))).toEqual(new Set([HOUR]));
    expect(service.counts()).toEqual({ queued: 1, dead: 0 });
    await service.pass(HOUR);
    expect(service.counts()).toEqual({ queued: 0, dead: 1 });
    // The last attempt is within 24 h of the first one.
    expect(service.app.received).toHaveLength(6 + 23);
    expect(pauses().reduce((sum, pause) => sum + pause, 0)).toBeLessThan(24 * HOUR);
    expect(service.deadMessages()).toEqual([formatAnnouncement(announcement(1))]);
    expect(outcomes().at(-1)).toBe('notification-given-up');
    await service.pass(2 * HOUR);
    expect(service.app.received).toHaveLength(6 + 23);
  });

  test('has one id and one body in all attempts, each signed with its own time', async () => {
    service.app.respondWith(status(500));
    service.send(1);
    await service.pass(3 * HOUR);
    const { received } = service.app;
    expect(received.length).toBeGreaterThan(6);
    for (const webhook of received) expect(verifyWebhook(webhook, SECRET)).toEqual(JSON.parse(announcement(1).body));
    expect(new Set(received.map(idOf))).toEqual(new Set(['msg_1']));
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(received.length);
  });

  test('is retried up to a tenth later than scheduled, so that many are not sent at once', async () => {
    service.app.respondWith(status(500));
    service.random.value = 0.999;
    service.send(1);
    await service.pass(2 * HOUR);
    expect(pauses().slice(0, 6)).toEqual([6, 33, 132, 660, 1_980, 3_960]);
  });

  test('is delivered once the app is available again', async () => {
    await service.app.stop();
    service.send(1);
    await service.pass(4 * MINUTE);
    expect(service.counts().queued).toBe(1);
    await service.app.restart();
    await service.pass(10 * MINUTE);
    expect(service.app.ids()).toEqual(['msg_1']);
    expect(service.counts()).toEqual({ queued: 0, dead: 0 });
    expect(outcomes()).toEqual([...Array<string>(4).fill('delivery-failed'), 'delivered']);
  });

  test.each<[string, Respond, number]>([
    ['cuts the connection', (response) => response.destroy(), 5],
    ['redirects', status(301, { location: 'http://127.0.0.1:1/' }), 5],
    ['returns 429 with Retry-After in seconds', status(429, { 'retry-after': '100' }), 100],
    ['returns 503 with a shorter Retry-After than the pause', status(503, { 'retry-after': '1' }), 5],
  ])('is retried after the pause when the app %s', async (_, respond, pause) => {
    service.app.respondWith((response, webhook, attempt) => {
      (attempt === 1 ? respond : status(204))(response, webhook, attempt);
    });
    service.send(1);
    await service.pass(5 * MINUTE);
    expect(pauses()).toEqual([pause]);
    expect(service.counts()).toEqual({ queued: 0, dead: 0 });
  });

  test('is retried after the date in Retry-After', async () => {
    const respond: Respond = (response, { at }) =>
      response.writeHead(429, { 'retry-after': new Date(at + 20 * MINUTE * 1_000).toUTCString() }).end();
    service.app.respondWith((response, webhook, attempt) => {
      (attempt === 1 ? respond : status(204))(response, webhook, attempt);
    });
    service.send(1);
    await service.pass(21 * MINUTE);
    expect(pauses()).toHaveLength(1);
    // A date has no fractions of a second.
    expect(pauses()[0]).toBeGreaterThanOrEqual(20 * MINUTE - 1);
    expect(pauses()[0]).toBeLessThanOrEqual(20 * MINUTE + 1);
  });

  test('waits for 12 hours, the longest that SQS can, when Retry-After is longer', async () => {
    service.app.respondWith((response, webhook, attempt) => {
      service.clock.advance(2_000); // an attempt takes time, which counts for SQS
      status(attempt === 1 ? 503 : 204, { 'retry-after': String(20 * HOUR) })(response, webhook, attempt);
    });
    service.send(1);
    await service.pass(13 * HOUR);
    expect(pauses()).toHaveLength(1);
    expect(pauses()[0]).toBeGreaterThan(11.9 * HOUR);
    expect(pauses()[0]).toBeLessThanOrEqual(12 * HOUR);
    expect(outcomes()).toEqual(['delivery-failed', 'delivered']);
  });

  test('is moved to the dead letters at once when the app returns 410', async () => {
    service.app.respondWith(status(410));
    service.send(1);
    await service.pass(2 * HOUR);
    expect(service.app.received).toHaveLength(1);
    expect(service.counts()).toEqual({ queued: 0, dead: 1 });
  });
});

describe('a failing delivery', () => {
  test('a failing delivery is retried alone: all others are delivered at once, and only once', async () => {
    service.app.respondWith((response, webhook, attempt) => {
      status(idOf(webhook) === 'msg_3' ? 500 : 204)(response, webhook, attempt);
    });
    for (let number = 1; number <= 25; number++) service.send(number);
    const began = service.clock.now();
    await service.pass(1);
    const accepted = service.app.received.filter((webhook) => idOf(webhook) !== 'msg_3');
    expect(new Set(accepted.map(idOf)).size).toBe(24);
    for (const { at } of accepted) expect(at).toBe(began);
    expect(accepted).toHaveLength(24);
    expect(service.counts()).toEqual({ queued: 1, dead: 0 });
  });

  test('exactly the webhooks that the app never accepts become dead letters', async () => {
    service.app.respondWith((response, webhook, attempt) => {
      const number = Number(idOf(webhook).slice(4));
      const code = [204, 500, 410, 429][number % 4] ?? 204;
      status(number % 4 === 1 && attempt > 3 ? 204 : code)(response, webhook, attempt);
    });
    for (let number = 1; number <= 20; number++) service.send(number);
    await service.pass(25 * HOUR);
    const dead = service.queues.store
      .receive(DEAD_LETTERS, { max: 100 })
      .map(({ body }) => Number(/\d+/.exec(body)?.[0]));
    expect(dead.sort((a, b) => a - b)).toEqual([2, 3, 6, 7, 10, 11, 14, 15, 18, 19]);
    expect(service.counts().queued).toBe(0);
  });
});

describe('notifications while a service is unavailable', () => {
  test.each([
    ['queue', ['delivery-failed', 'error']],
    ['secret', ['error']],
  ])('while the %s is unavailable, no notification is lost, and all are delivered afterwards', async (what, logged) => {
    if (what === 'queue') {
      service.queues.setAvailable(false);
      service.app.respondWith(status(500));
    } else service.parameters.delete(SECRET_PARAMETER);
    service.send(1);
    await service.deliverVisible();
    expect(service.counts()).toEqual({ queued: 1, dead: 0 });
    expect(outcomes()).toEqual(logged);
    service.queues.setAvailable(true);
    service.parameters.set(SECRET_PARAMETER, SECRET);
    service.app.respondWith(status(204));
    await service.pass(4 * MINUTE);
    expect(service.counts()).toEqual({ queued: 0, dead: 0 });
    expect(outcomes()).toEqual([...logged, 'delivered']);
  });

  test.each(['whsec_short', 'no secret at all', `${SECRET}!`])(
    'no webhook is sent with an invalid secret, which is not logged: %s',
    async (secret) => {
      service.parameters.set(SECRET_PARAMETER, secret);
      service.send(1);
      await service.deliverVisible();
      expect(service.app.received).toEqual([]);
      expect(service.counts()).toEqual({ queued: 1, dead: 0 });
      expect(JSON.stringify(service.lines)).not.toContain(secret);
      expect(service.lines).toMatchObject([{ level: 'error', reason: expect.stringContaining('notify secret') }]);
    },
  );
});

test('a message that is not a notification goes to the dead letters, and not to the app', async () => {
  for (const body of ['', '{}', 'msg_1', 'msg_1\nno JSON', '{"id":"msg_1","body":"{}"}']) {
    if (body !== '') service.queues.send(QUEUE, body);
  }
  await service.pass(1);
  expect(service.app.received).toEqual([]);
  expect(service.counts()).toEqual({ queued: 0, dead: 4 });
  expect(new Set(outcomes())).toEqual(new Set(['unreadable-message']));
});

test('the receiver can verify every webhook of a rotation with the secret that it has at that time', async () => {
  let number = 0;
  let verified = 0;
  let seen = 0;
  const deliverWith = async (parameter: string, minutes: number, receivers: readonly string[]) => {
    service.parameters.set(SECRET_PARAMETER, parameter);
    for (let minute = 0; minute < minutes; minute++) {
      for (let count = 0; count < 5; count++) service.send(++number);
      await service.pass(MINUTE);
    }
    for (const webhook of service.app.received.slice(seen)) {
      for (const secret of receivers) expect(() => verifyWebhook(webhook, secret)).not.toThrow();
      verified += 1;
    }
    seen = service.app.received.length;
  };
  await deliverWith(SECRET, 3, [SECRET]);
  // The new secret in addition to the old one: instances read it within five minutes.
  await deliverWith(`${OTHER_SECRET}, ${SECRET}`, 6, [SECRET]);
  // Now the receiver may change to the new one at any moment.
  await deliverWith(`${OTHER_SECRET}, ${SECRET}`, 10, [SECRET, OTHER_SECRET]);
  await deliverWith(OTHER_SECRET, 10, [OTHER_SECRET]);
  expect(verified).toBe(29 * 5);
  const [last] = service.app.received.slice(-1);
  expect(() => last && verifyWebhook(last, SECRET)).toThrow('No matching signature found');
});

test('no log line of a delivery contains a secret, a signature or a body', async () => {
  service.app.respondWith((response, webhook, attempt) => {
    status(attempt === 1 ? 500 : 204)(response, webhook, attempt);
  });
  service.send(1);
  await service.pass(MINUTE);
  expect(service.lines).toMatchObject([
    { level: 'warn', outcome: 'delivery-failed', id: 'msg_1', attempt: 1, status: 500, retryIn: 5 },
    { level: 'info', outcome: 'delivered', id: 'msg_1', attempt: 2, status: 204 },
  ]);
  const signatures = service.app.received.map(({ headers }) => String(headers['webhook-signature']));
  for (const text of [SECRET, announcement(1).body, 'fileId', ...signatures]) {
    expect(JSON.stringify(service.lines)).not.toContain(text);
  }
});
