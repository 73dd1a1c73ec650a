import fc from 'fast-check';
import type { OutgoingMessage, SendMessages } from '../../../lib/platform/sqs';
import {
  deadLetters,
  delayQueue,
  parseDelayed,
  pauseBefore,
  QUARTER_HOUR_ATTEMPT,
  SECOND_LOOK_ATTEMPT,
  type DelayedVerification,
  type OpenQuestion,
} from '../../../lib/verification/delay-queue';

const NOW = 1_795_350_000_000;
const message = (parts: Partial<DelayedVerification> = {}): DelayedVerification => ({
  fileId: '5285890784273533167',
  version: 3,
  attempt: 0,
  since: NOW,
  question: 'no-response',
  ...parts,
});

function startQueue(random = () => 0) {
  const sent: { readonly queueUrl: string; readonly message: OutgoingMessage }[] = [];
  const sendMessages: SendMessages = (queueUrl, messages) => {
    sent.push(...messages.map((one) => ({ queueUrl, message: one })));
    return Promise.resolve();
  };
  const queue = delayQueue({ sendMessages, queueUrl: 'https://sqs/delayed', random });
  return { queue, dead: deadLetters(sendMessages, 'https://sqs/dead'), sent };
}

describe('delayQueue', () => {
  test('a delayed row comes back as it was sent, whatever its ids and numbers', async () => {
    const question = fc.constantFrom<OpenQuestion>(
      'no-response',
      'unknown',
      'missing',
      'deletion',
      'analysis',
      'procedure',
      'result',
      'held',
    );
    const row = fc.record({
      fileId: fc.string({ minLength: 1 }),
      version: fc.nat(),
      attempt: fc.nat(100),
      since: fc.integer({ min: 1, max: NOW }),
      question,
    });
    await fc.assert(
      fc.asyncProperty(row, async (one) => {
        const { queue, sent } = startQueue();
        await queue.delay([one]);
        expect(parseDelayed(sent[0]?.message.body ?? '', NOW + 5)).toEqual(one);
      }),
    );
  });

  test('delays are whole seconds, at most the 900 of SQS, with up to a tenth less', async () => {
    for (const random of [() => 0, () => 0.999]) {
      const { queue, sent } = startQueue(random);
      await queue.delay(Array.from({ length: 40 }, (_, attempt) => message({ attempt })));
      for (const [attempt, { message: sentMessage, queueUrl }] of sent.entries()) {
        const { delaySeconds } = sentMessage;
        expect(Number.isInteger(delaySeconds)).toBe(true);
        expect(delaySeconds).toBeLessThanOrEqual(900);
        expect(delaySeconds).toBeGreaterThanOrEqual(Math.floor(pauseBefore(attempt) * 0.9));
        expect(queueUrl).toBe('https://sqs/delayed');
      }
    }
  });

  test('a second look comes at least 10 s after the first, with the most jitter', async () => {
    const { queue, sent } = startQueue(() => 0.999);
    await queue.delay([message({ attempt: SECOND_LOOK_ATTEMPT, question: 'missing' })]);
    expect(sent[0]?.message.delaySeconds).toBeGreaterThanOrEqual(10);
    expect(pauseBefore(SECOND_LOOK_ATTEMPT - 1)).toBeLessThan(10);
    expect(pauseBefore(QUARTER_HOUR_ATTEMPT)).toBe(900);
  });

  test('a row without further attempts goes to the dead letters at once', async () => {
    const { dead, sent } = startQueue();
    await dead.giveUp([message()]);
    expect(sent).toEqual([
      { queueUrl: 'https://sqs/dead', message: { body: JSON.stringify(message()), delaySeconds: 0 } },
    ]);
  });
});

describe('parseDelayed', () => {
  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['no file id', '{"version":1}'],
    ['an empty file id', '{"fileId":"","version":1}'],
    ['a file id that is a number', '{"fileId":7,"version":1}'],
    ['no version', '{"fileId":"7"}'],
    ['a version that is a string', '{"fileId":"7","version":"1"}'],
  ])('reads nothing from a message with %s', (_, body) => {
    expect(parseDelayed(body, NOW)).toBeUndefined();
  });

  test('reads a message of id and version as a first attempt, and an unknown question as no response', () => {
    expect(parseDelayed('{"fileId":"7","version":1}', NOW)).toEqual({
      fileId: '7',
      version: 1,
      attempt: 0,
      since: NOW,
      question: 'no-response',
    });
    expect(parseDelayed('{"fileId":"7","version":1,"question":"constructor"}', NOW)?.question).toBe('no-response');
  });
});
