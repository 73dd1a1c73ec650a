import type { CommandContext } from '../command-line/context';
import type { Deployment, NotificationQueues } from '../deployment/deployment';
import { countMessages, HIDDEN_FOR, MAX_MESSAGES, type DeadLetter } from './dead-letters';

/** @throws Error when the deployment sends no webhooks */
export async function queuesOf(deployment: Deployment): Promise<NotificationQueues> {
  const { notifications: queues } = await deployment.outputs();
  if (queues) return queues;
  throw new Error(
    `Cannot read the dead letters: ${deployment.name} has no queue for webhooks, deploy it with NOTIFY_URL`,
  );
}

/** Reports messages that another run holds, or that exceed the limit of one run. */
export async function printUnseen(
  { sqs }: Deployment,
  deadLettersUrl: string,
  receivedCount: number,
  { err }: CommandContext,
): Promise<void> {
  if (receivedCount >= MAX_MESSAGES) err(`Only ${MAX_MESSAGES} were read: run this again for the others`);
  const { held } = await countMessages(sqs, deadLettersUrl);
  if (receivedCount === 0 && held > 0) {
    const letters = held === 1 ? '1 dead letter is' : `${held} dead letters are`;
    const reader = 'another run, or by one that was interrupted';
    err(`${letters} being read by ${reader}: try again in ${HIDDEN_FOR / 60} minutes`);
  }
}

export function countOf({ length }: readonly DeadLetter[]): string {
  return length === 1 ? '1 dead letter' : `${length} dead letters`;
}
