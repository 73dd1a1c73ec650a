import {
  pauseBefore,
  QUARTER_HOUR_ATTEMPT,
  SECOND_LOOK_ATTEMPT,
  type DelayedVerification,
  type OpenQuestion,
} from './delay-queue';
import type { Verified } from './verify';

const HOUR = 3_600_000;

/** How long a file with this open question is verified again, in milliseconds since it was first delayed. */
const MAX_DURATION: Readonly<Record<OpenQuestion, number>> = {
  'no-response': 24 * HOUR,
  // After one hour the row becomes `unknown`, which closes the question.
  unknown: 2 * HOUR,
  missing: 24 * HOUR,
  deletion: HOUR,
  action: 24 * HOUR,
  // An hour after the file's creation a missing figure counts as exceeded, which closes the question.
  figures: 2 * HOUR,
  analysis: HOUR,
  // One hour more than the wait for a signed procedure, so that the last response ends the wait.
  procedure: 25 * HOUR,
  result: HOUR,
  held: 7 * 24 * HOUR,
};

/** Questions that end in the dead-letter queue, and so in an alarm, if they stay open for that long. */
const ENDS_IN_DEAD_LETTERS: readonly OpenQuestion[] = ['no-response', 'unknown', 'missing', 'action', 'figures'];

export interface NextStep {
  /** Files to verify again after a pause. */
  readonly delayed: readonly DelayedVerification[];
  /** Files for the dead-letter queue. */
  readonly givenUp: readonly DelayedVerification[];
}

/**
 * Decides for files with open questions whether they are verified again or given up.
 *
 * @param previous by file, the message that caused this verification; absent for a first verification
 * @param now milliseconds since 1970
 */
export function scheduleNext(
  verified: readonly Verified[],
  previous: ReadonlyMap<string, DelayedVerification>,
  now: number,
): NextStep {
  const delayed: DelayedVerification[] = [];
  const givenUp: DelayedVerification[] = [];
  for (const { fileId, row, outcome, openQuestion } of verified) {
    const before = previous.get(fileId);
    if (openQuestion === undefined || outcome === 'superseded') continue;
    // An unchanged row without a message was queued when it was written. An action is queued again: its message may be lost.
    if (outcome === 'unchanged' && !before && openQuestion !== 'action') continue;
    const next = nextMessage({ fileId, version: row?.version ?? 0, question: openQuestion }, before, now);
    const isOver = now + pauseBefore(next.attempt) * 1000 - next.since > MAX_DURATION[openQuestion];
    if (!isOver) delayed.push(next);
    else if (ENDS_IN_DEAD_LETTERS.includes(openQuestion)) givenUp.push(next);
  }
  return { delayed, givenUp };
}

/**
 * Returns the next message about a file. The same question continues with its next pause; a different one starts over.
 * A question that was open when VOD did not respond is kept as `interrupted`, so that it can resume.
 */
function nextMessage(
  file: Pick<DelayedVerification, 'fileId' | 'version' | 'question'>,
  before: DelayedVerification | undefined,
  now: number,
): DelayedVerification {
  const { question } = file;
  const first = firstAttempt(question);
  if (!before) return { ...file, attempt: first, since: now };
  const openQuestion = before.interrupted ?? before.question;
  const isContinued = question === before.question;
  const since = isContinued ? before.since : now;
  const hasResponse = question !== 'no-response';
  if (hasResponse && !isContinued && question !== openQuestion) return { ...file, attempt: first, since };
  const attempt = Math.max(first, before.attempt + 1);
  const isInterrupted = !hasResponse && openQuestion !== 'no-response';
  return { ...file, attempt, since, ...(isInterrupted && { interrupted: openQuestion }) };
}

function firstAttempt(question: OpenQuestion): number {
  if (question === 'held') return QUARTER_HOUR_ATTEMPT;
  return question === 'missing' ? SECOND_LOOK_ATTEMPT : 0;
}
