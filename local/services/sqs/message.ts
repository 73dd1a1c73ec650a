import { randomUUID } from 'node:crypto';
import { receiptHandleIsInvalid } from './errors';

/** Times are in milliseconds. */
export interface Message {
  readonly id: string;
  readonly queue: string;
  readonly body: string;
  readonly sentAt: number;
  readonly visibleAt: number;
  readonly receiveCount: number;
  readonly firstReceivedAt?: number;
  readonly receivedAt?: number;
  /** Of the latest receive; only its handle deletes the message. */
  readonly receipt?: string;
  /** The queue that it was moved from after too many receives. */
  readonly movedFrom?: string;
}

export interface ReceivedMessage extends Message {
  readonly receiptHandle: string;
  readonly firstReceivedAt: number;
}

/** The same message as a receive at this moment returns it. */
export function receiveMessage(message: Message, now: number, visibilityTimeout: number): ReceivedMessage {
  const receipt = randomUUID();
  return {
    ...message,
    visibleAt: now + visibilityTimeout * 1000,
    receiveCount: message.receiveCount + 1,
    firstReceivedAt: message.firstReceivedAt ?? now,
    receivedAt: now,
    receipt,
    receiptHandle: Buffer.from(`${message.id}/${receipt}`).toString('base64'),
  };
}

/** @throws SqsError `ReceiptHandleIsInvalid` */
export function parseReceiptHandle(handle: string): { readonly id: string; readonly receipt: string } {
  const text = Buffer.from(handle, 'base64').toString();
  const [, id, receipt] = /^([\da-f-]{36})\/([\da-f-]{36})$/.exec(text) ?? [];
  if (id === undefined || receipt === undefined) throw receiptHandleIsInvalid(handle);
  return { id, receipt };
}
