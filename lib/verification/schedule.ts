import {
  pauseBefore,
  QUARTER_HOUR_ATTEMPT,
  SECOND_LOOK_ATTEMPT,
  type DelayedVerification,
  type OpenQuestion,
} from './delay-queue';
import type { Verified } from './verify';

const HOUR = 3_600_000;

/** For how long each question is asked again, in milliseconds since the row was first delayed. */
const ASKED_FOR: Readonly<Record<OpenQuestion, number>> = {
  'no-answer': 24 * HOUR,
  // After an hour the row becomes `unknown`, which ends the question.
  unknown: 2 * HOUR,
  missing: 24 * HOUR,
  deletion: HOUR,
  analysis: HOUR,
  // Longer than a signed procedure is waited for, so that the last answer ends the wait.
  procedure: 25 * HOUR,
  result: HOUR,
  held: 7 * 24 * HOUR,
};

/** Whether a question that stays open for that long is given up with an alarm: then something is wrong. */
const ENDS_IN_DEAD_LETTERS: readonly OpenQuestion[] = ['no-answer', 'unknown', 'missing'];

export interface NextStep {
  /** To be verified again after a pause. */
  readonly delayed: readonly DelayedVerification[];
  /** Nobody asks again: for the dead letters. */
  readonly givenUp: readonly DelayedVerification[];
}

/**
 * What comes next for rows with open questions.
 *
 * @param previous the delay that led to this verification, by file; absent for a first one
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
    // A confirmed row that stays as it is was delayed when it became so.
    if (openQuestion === undefined || outcome === 'superseded' || (outcome === 'unchanged' && !before)) continue;
    const next: DelayedVerification = {
      fileId,
      version: row?.version ?? 0,
      attempt: Math.max(firstAttempt(openQuestion), before ? before.attempt + 1 : 0),
      since: before?.since ?? now,
      question: openQuestion,
    };
    const isOver = now + pauseBefore(next.attempt) * 1000 - next.since > ASKED_FOR[openQuestion];
    if (!isOver) delayed.push(next);
    else if (ENDS_IN_DEAD_LETTERS.includes(openQuestion)) givenUp.push(next);
  }
  return { delayed, givenUp };
}

function firstAttempt(question: OpenQuestion): number {
  if (question === 'held') return QUARTER_HOUR_ATTEMPT;
  return question === 'missing' ? SECOND_LOOK_ATTEMPT : 0;
}
