import { asNumber, asString, getField, parseJson } from '../platform/json';
import type { OutgoingMessage, SendMessages } from '../platform/sqs';

/**
 * Why a file has to be verified again:
 * - `no-response`: VOD returned nothing about the file, or an incomplete response
 * - `unknown`: VOD does not have the file, which was never confirmed
 * - `missing`: VOD reported for the first time that it no longer has the confirmed file
 * - `deletion`: an event reported a deletion, but VOD still has the file
 * - `action`: a limit rejected the file, and the action on it in VOD is pending
 * - `figures`: limits need media information that VOD does not have yet
 * - `analysis`: VOD has no media information yet
 * - `procedure`: a procedure was signed, but VOD has not started it yet
 * - `result`: an event reported the end of a task, but VOD still reports it as running
 * - `held`: a reviewer has to decide
 */
export type OpenQuestion = (typeof QUESTIONS)[number];

const QUESTIONS = [
  'no-response',
  'unknown',
  'missing',
  'deletion',
  'action',
  'figures',
  'analysis',
  'procedure',
  'result',
  'held',
] as const;

/** A file with an open question: verified again after a pause, unless the version of its row has changed meanwhile. */
export interface DelayedVerification {
  readonly fileId: string;
  /** 0 = the file has no row yet. */
  readonly version: number;
  /** How many pauses there were before this one. */
  readonly attempt: number;
  /** When the row was first delayed, in milliseconds since 1970. */
  readonly since: number;
  readonly question: OpenQuestion;
  /** The question that was open when VOD did not respond; only with `no-response`. */
  readonly interrupted?: OpenQuestion;
}

/** Seconds before each attempt, the last one before all further attempts. The sum of the first nine is 16 minutes. */
const PAUSES = [2, 4, 8, 16, 32, 64, 120, 240, 480, 900];
/** The first attempt with a pause of at least ten seconds, which a second "not found" requires. */
export const SECOND_LOOK_ATTEMPT = 3;
/** The first attempt with a pause of 15 minutes. */
export const QUARTER_HOUR_ATTEMPT = 9;

/** The largest part of a pause that jitter removes. */
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

/** The queue of files that are verified again after a pause, which grows with each attempt. */
export function delayQueue({ sendMessages, queueUrl, random }: DelayQueueDeps): DelayQueue {
  return {
    delay: (rows) =>
      sendMessages(
        queueUrl,
        rows.map((row) => toMessage(row, applyJitter(pauseBefore(row.attempt), random))),
      ),
  };
}

export interface DeadLetters {
  /** @throws Error when the queue does not take all of them */
  readonly giveUp: (rows: readonly DelayedVerification[]) => Promise<void>;
}

/** The dead-letter queue: its messages are not processed until an operator redrives them. */
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

/**
 * Parses a message's body; `undefined` where it is malformed.
 *
 * @param now milliseconds since 1970
 */
export function parseDelayed(body: string, now: number): DelayedVerification | undefined {
  const message = parseJson(Buffer.from(body));
  const fileId = asString(getField(message, 'fileId'));
  const version = asNumber(getField(message, 'version'));
  if (fileId === undefined || version === undefined) return undefined;
  const interrupted = parseQuestion(message, 'interrupted');
  return {
    fileId,
    version,
    attempt: asNumber(getField(message, 'attempt')) ?? 0,
    since: asNumber(getField(message, 'since')) ?? now,
    question: parseQuestion(message, 'question') ?? 'no-response',
    ...(interrupted && { interrupted }),
  };
}

function parseQuestion(message: unknown, name: string): OpenQuestion | undefined {
  return QUESTIONS.find((candidate) => candidate === getField(message, name));
}

function toMessage(row: DelayedVerification, delaySeconds: number): OutgoingMessage {
  return { body: JSON.stringify(row), delaySeconds };
}

function applyJitter(seconds: number, random: () => number): number {
  return Math.round(seconds * (1 - JITTER * random()));
}
