import { pauseBefore, type DelayedVerification, type OpenQuestion } from '../../../lib/verification/delay-queue';
import { scheduleNext } from '../../../lib/verification/schedule';
import type { Verified } from '../../../lib/verification/verify';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { confirmedRow, HOUR, NOW } from '../../support/unit/rows';
import { endedTask, modelFile, modelTask, startService, type Service } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

const MINUTE = 60_000;
const row = confirmedRow();
const never = (): never => {
  throw new Error('there is no message');
};
const open = (openQuestion: OpenQuestion, outcome: Verified['outcome'] = 'waiting'): Verified => ({
  fileId: '7',
  outcome,
  before: row,
  row,
  openQuestion,
});

/** The pauses, in seconds, of a question that stays open, and whether it is given up in the end. */
function pausesOf(question: OpenQuestion, max = Infinity) {
  const pauses: number[] = [];
  let now = NOW;
  let previous = new Map<string, DelayedVerification>();
  let next = scheduleNext([open(question)], previous, now);
  while (next.delayed[0] && pauses.length < max) {
    const [delayed] = next.delayed;
    const pause = pauseBefore(delayed.attempt);
    pauses.push(pause);
    now += pause * 1000;
    previous = new Map([['7', delayed]]);
    next = scheduleNext([open(question)], previous, now);
  }
  return { pauses, total: (now - NOW) / 1000, isGivenUp: next.givenUp.length > 0 };
}

describe('scheduleNext', () => {
  test('retries after 2, 4, 8, 16, 32 and 64 s, 2, 4 and 8 min, then every 15 min for 24 h, then gives up', () => {
    const { pauses, total, isGivenUp } = pausesOf('no-response');
    expect(pauses.slice(0, 9)).toEqual([2, 4, 8, 16, 32, 64, 120, 240, 480]);
    expect(new Set(pauses.slice(9))).toEqual(new Set([900]));
    expect(total).toBeGreaterThan(24 * 3_600 - 900);
    expect(total).toBeLessThanOrEqual(24 * 3_600);
    expect(isGivenUp).toBe(true);
  });

  test('verifies a held row every 15 minutes for 7 days, then leaves it to the audit without an alarm', () => {
    const { pauses, total, isGivenUp } = pausesOf('held');
    expect(new Set(pauses)).toEqual(new Set([900]));
    expect(total).toBe(7 * 24 * 3_600);
    expect(isGivenUp).toBe(false);
  });

  const message = (question: OpenQuestion, parts: Partial<DelayedVerification> = {}) =>
    new Map([['7', { fileId: '7', version: 1, attempt: 9, since: NOW - 30 * HOUR, question, ...parts }]]);

  test('starts anew with another question: a held row of 30 hours is not given up when its file is missing', () => {
    const { delayed, givenUp } = scheduleNext([open('missing')], message('held'), NOW);
    expect(givenUp).toEqual([]);
    expect(delayed).toMatchObject([{ question: 'missing', attempt: 3, since: NOW }]);
    expect(scheduleNext([open('action')], message('figures'), NOW).delayed).toMatchObject([{ attempt: 0, since: NOW }]);
  });

  test('keeps the question to which VOD did not respond, and continues with it afterwards', () => {
    const [interrupted] = scheduleNext([open('no-response')], message('held'), NOW).delayed;
    expect(interrupted).toMatchObject({ question: 'no-response', interrupted: 'held', since: NOW });
    const again = scheduleNext([open('no-response')], new Map([['7', interrupted ?? never()]]), NOW + 1);
    expect(again.delayed).toMatchObject([{ interrupted: 'held', since: NOW }]);
    const resumed = scheduleNext([open('held')], new Map([['7', again.delayed[0] ?? never()]]), NOW + 2);
    expect(resumed.delayed).toMatchObject([{ question: 'held', attempt: 12 }]);
    expect(resumed.delayed[0]).not.toHaveProperty('interrupted');
  });

  test('queues an action whose message was lost', () => {
    expect(scheduleNext([open('action', 'unchanged')], new Map(), NOW).delayed).toHaveLength(1);
    expect(scheduleNext([open('held', 'unchanged')], new Map(), NOW).delayed).toEqual([]);
  });

  test('leaves at least 10 s before a missing file is verified for the second time', () => {
    const { pauses } = pausesOf('missing', 3);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(10);
  });

  test('waits an hour for media information, and for a deletion that VOD does not show', () => {
    for (const question of ['analysis', 'deletion'] as const) {
      const { total, isGivenUp } = pausesOf(question);
      expect(total).toBeGreaterThan(3_600 - 900);
      expect(total).toBeLessThanOrEqual(3_600);
      expect(isGivenUp).toBe(false);
    }
  });

  test('delays a message with the version that the row has now', () => {
    const written: Verified = { ...open('analysis', 'written'), row: { ...row, version: 9 } };
    expect(scheduleNext([written], new Map(), NOW).delayed).toEqual([
      { fileId: '7', version: 9, attempt: 0, since: NOW, question: 'analysis' },
    ]);
  });

  test('delays a file that has no row yet as version 0', () => {
    const missing: Verified = { ...open('no-response'), before: undefined, row: undefined };
    expect(scheduleNext([missing], new Map(), NOW).delayed).toMatchObject([{ fileId: '7', version: 0 }]);
  });

  test('delays nothing without an open question, or while the table is unavailable', () => {
    const { openQuestion: _, ...settled } = open('held', 'written');
    const unavailable: Verified = { fileId: '7', outcome: 'unavailable', before: row, row };
    expect(scheduleNext([settled, unavailable], new Map(), NOW)).toEqual({ delayed: [], givenUp: [] });
  });

  test('delays a file without a row under version 0', () => {
    const withoutRow: Verified = { ...open('no-response'), before: undefined, row: undefined };
    expect(scheduleNext([withoutRow], new Map(), NOW).delayed).toMatchObject([{ fileId: '7', version: 0 }]);
  });

  test('does not delay an unchanged row a second time when no message led to it', () => {
    expect(scheduleNext([open('held', 'unchanged')], new Map(), NOW).delayed).toEqual([]);
    const previous = { fileId: '7', version: 1, attempt: 9, since: NOW, question: 'held' } as const;
    expect(scheduleNext([open('held', 'unchanged')], new Map([['7', previous]]), NOW).delayed).toHaveLength(1);
  });
});

/** Runs what the delay queue has until it is empty, in virtual time; returns how often VOD was called. */
async function drain(service: Service, first: readonly Verified[], until = Infinity) {
  let verificationCount = 0;
  let next = scheduleNext(first, new Map(), service.clock.now());
  const began = service.clock.now();
  while (next.delayed[0] && service.clock.now() - began < until) {
    const [delayed] = next.delayed;
    service.clock.advance(pauseBefore(delayed.attempt) * 1000);
    const current = service.row('7');
    if (current.version !== delayed.version) return { verificationCount, isOutdated: true, givenUp: 0 };
    const verified = await service.verify(['7'], { openQuestion: delayed.question });
    verificationCount++;
    next = scheduleNext(verified, new Map([['7', delayed]]), service.clock.now());
  }
  return { verificationCount, isOutdated: false, givenUp: next.givenUp.length };
}

describe('the delay queue and verification together', () => {
  test('end the wait for a signed procedure that never comes once 24 hours are over', async () => {
    const service = startService([modelFile('7', { signed: true })]);
    await service.receive(newFileUpload({ fileId: '7' }));
    const first = await service.verify(['7']);
    expect(service.row('7').status).toBe('processing');
    await drain(service, first);
    expect(service.row('7')).toMatchObject({ status: 'ready', notice: expect.stringContaining('procedure') });
  });

  test('make a file unknown that VOD never had, about an hour after its event', async () => {
    const service = startService();
    await service.receive(newFileUpload({ fileId: '7' }));
    const began = service.clock.now();
    const { givenUp } = await drain(service, await service.verify(['7']));
    expect(service.row('7').trust).toBe('unknown');
    expect(givenUp).toBe(0);
    expect(service.clock.now() - began).toBeLessThan(HOUR + 20 * MINUTE);
  });

  test("pick up a person's decision about a held file", async () => {
    const service = startService([modelFile('7', { reviewInfo: { MediaReviewInfo: { Suggestion: 'review' } } })]);
    const first = await service.verify(['7']);
    service.vod.failWith(() => {
      if (service.clock.now() - NOW < 48 * HOUR) return;
      service.vod.put(modelFile('7', { reviewInfo: { MediaReviewInfo: { Suggestion: 'pass' } } }));
    });
    await drain(service, first);
    expect(service.row('7').status).toBe('ready');
  });

  test('continue to verify a held file after a forged deletion', async () => {
    const held = modelFile('7', { reviewInfo: { MediaReviewInfo: { Suggestion: 'review' } } });
    const service = startService([held]);
    await service.verify(['7']);
    await service.receive(fileDeleted({ fileId: '7' }));
    const { verificationCount } = await drain(service, await service.verify(['7']), 24 * HOUR);
    expect(verificationCount).toBeGreaterThanOrEqual(24 * 4 - 1);
  });

  test('delete a file that vanishes after its deletion was announced, and then verify it no more', async () => {
    const service = startService([modelFile('7')]);
    await service.verify(['7']);
    await service.receive(fileDeleted({ fileId: '7' }));
    const first = await service.verify(['7']);
    service.vod.remove('7');
    expect((await drain(service, first)).verificationCount).toBe(1);
    expect(service.row('7').status).toBe('deleted');
  });

  test('retry for the result of a task whose end was announced before VOD shows it', async () => {
    const service = startService([modelFile('7', { signed: true, tasks: [modelTask('t')] })]);
    await service.verify(['7']);
    await service.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: 't' }));
    const first = await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'processing', trust: 'confirmed' });
    const began = service.clock.now();
    service.vod.failWith(() => {
      if (service.clock.now() - began < 10_000) return;
      service.vod.put(modelFile('7', { signed: true, tasks: [endedTask('t')] }));
    });
    await drain(service, first);
    expect(service.row('7').status).toBe('ready');
    expect(service.clock.now() - began).toBeLessThan(60_000);
  });

  test('give a row up after 24 hours of failures, unchanged', async () => {
    const service = startService([modelFile('7')]);
    await service.receive(newFileUpload({ fileId: '7' }));
    const before = service.row('7');
    service.vod.failWith((action) => {
      throw refusal(action, 'InternalError');
    });
    expect((await drain(service, await service.verify(['7']))).givenUp).toBe(1);
    expect(service.row('7')).toEqual(before);
  });
});
