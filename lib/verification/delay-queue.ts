import { asNumber, asString, getField, parseJson } from '../platform/json';
import type { OutgoingMessage, SendMessages } from '../platform/sqs';

/**
 * Why VOD is to be asked again:
 * - `no-answer`: it did not answer about the file, or not completely
 * - `unknown`: it does not have a file that was never confirmed
 * - `missing`: it does not have a file that was confirmed, and said so for the first time
 * - `deletion`: an event reported a deletion, and it still has the file
 * - `analysis`: it has no media information yet
 * - `procedure`: a procedure was signed, and it knows none yet
 * - `result`: an event reported the end of a task, and it still calls the task running
 * - `held`: a person has to decide
 */
export type OpenQuestion = (typeof QUESTIONS)[number];

const QUESTIONS = ['no-answer', 'unknown', 'missing', 'deletion', 'analysis', 'procedure', 'result', 'held'] as const;

/** A row that VOD could not answer about yet: to be verified again unless its version has grown meanwhile. */
export interface DelayedVerification {
  readonly fileId: string;
  /** 0 = there is no row yet. */
  readonly version: number;
  /** How many pauses there were before this one. */
  readonly attempt: number;
  /** When the row was first delayed, in milliseconds since 1970. */
  readonly since: number;
  readonly question: OpenQuestion;
}

/** Seconds before each try; from then on the last one. The sum of the first nine is 16 minutes. */
const PAUSES = [2, 4, 8, 16, 32, 64, 120, 240, 480, 900];
/** The first attempt whose pause is at least ten seconds: a second "not found" has to come that much later. */
export const SECOND_LOOK_ATTEMPT = 3;
/** The first attempt whose pause is a quarter of an hour. */
export const QUARTER_HOUR_ATTEMPT = 9;

/** How long a message may be read before it is due again, in milliseconds: jitter takes up to a tenth off a pause. */
const JITTER = 0.1;

export interface DelayQueue {
  /** @throws Error when the queue does not take all of them */
  readonly delay: (rows: readonly DelayedVerification[]) => Promise<void>;
}

export interface DelayQueueDeps {
  readonly sendMessages: SendMessages;
  readonly queueUrl: string;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** The queue of rows that are verified again after a pause that grows with each attempt. */
export function delayQueue({ sendMessages, queueUrl, random }: DelayQueueDeps): DelayQueue {
  return {
    delay: (rows) =>
      sendMessages(
        queueUrl,
        rows.map((row) => toMessage(row, jittered(pauseBefore(row.attempt), random))),
      ),
  };
}

export interface DeadLetters {
  /** @throws Error when the queue does not take all of them */
  readonly giveUp: (rows: readonly DelayedVerification[]) => Promise<void>;
}

/** The queue of rows that nobody verifies again by itself. */
export function deadLetters(sendMessages: SendMessages, queueUrl: string): DeadLetters {
  return {
    giveUp: (rows) =>
      sendMessages(
        queueUrl,
        rows.map((row) => toMessage(row, 0)),
      ),
  };
}

/** The pause before an attempt, in seconds. */
export function pauseBefore(attempt: number): number {
  return PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 0;
}

/** The delayed row in a message's body; `undefined` where there is none. */
export function parseDelayed(body: string, now: number): DelayedVerification | undefined {
  const message = parseJson(Buffer.from(body));
  const fileId = asString(getField(message, 'fileId'));
  const version = asNumber(getField(message, 'version'));
  if (fileId === undefined || version === undefined) return undefined;
  return {
    fileId,
    version,
    attempt: asNumber(getField(message, 'attempt')) ?? 0,
    since: asNumber(getField(message, 'since')) ?? now,
    question: QUESTIONS.find((known) => known === getField(message, 'question')) ?? 'no-answer',
  };
}

function toMessage(row: DelayedVerification, delaySeconds: number): OutgoingMessage {
  return { body: JSON.stringify(row), delaySeconds };
}

function jittered(seconds: number, random: () => number): number {
  return Math.round(seconds * (1 - JITTER * random()));
}
