import { defineCommand } from '../../command-line/command';
import type { CommandContext, ExitCode } from '../../command-line/context';
import { UsageError } from '../../command-line/usage-error';
import type { Deployment } from '../../deployment/deployment';
import { findDeployment } from '../../deployment/find-deployment';
import { moveDeadLetters, receiveDeadLetters, releaseDeadLetters } from '../../notifications/dead-letters';
import { countOf, printUnseen, queuesOf } from '../../notifications/dead-letter-report';
import { withInterruptionMessage } from '../../terminal/interruption';

export const retryNotifications = defineCommand({
  name: 'notifications retry',
  summary: 'queue dead letters for delivery again',
  description: `
    Moves webhooks from the dead-letter queue to the queue of deliveries, for another day, under the same ids: all, or those
    with the ids given. An interrupted run may be repeated: it delivers some twice and loses none.`,
  args: { id: { description: 'as `notifications failed` lists it', isRepeated: true } },
  options: { all: { description: 'every dead letter' } },

  run: async ({ options, args: { id: ids } }, context) => {
    if (options.all === ids.length > 0) {
      throw new UsageError('notifications retry requires either --all or the ids that `notifications failed` lists');
    }
    return retry(await findDeployment(options, context), options.all ? undefined : new Set(ids), context);
  },
});

/** @param ids of the webhooks to deliver again; without it all of them */
async function retry(
  deployment: Deployment,
  ids: ReadonlySet<string> | undefined,
  context: CommandContext,
): Promise<ExitCode> {
  const { sqs, options } = deployment;
  const queues = await queuesOf(deployment);
  // All are read before one is sent: what the receiver refuses again meanwhile is not read twice.
  const letters = await receiveDeadLetters(sqs, queues.deadLettersUrl);
  const chosen = letters.filter(({ id }) => id !== undefined && (ids === undefined || ids.has(id)));
  const others = letters.filter((letter) => !chosen.includes(letter));
  const unreadable = letters.filter(({ id }) => id === undefined);
  const missing = [...(ids ?? [])].filter((messageId) => !letters.some(({ id }) => id === messageId));
  await releaseDeadLetters(sqs, queues.deadLettersUrl, others);
  const command = `npm run vod -- notifications retry ${ids === undefined ? '--all' : [...ids].join(' ')} ${options}`;
  const rerun = `run \`${command}\` again, which delivers some twice and loses none`;
  const refused = await withInterruptionMessage(`Not all webhooks are queued: ${rerun}`, () =>
    moveDeadLetters(sqs, queues, chosen).catch(async (error: unknown) => {
      // So that the next run need not wait; the error that ended this one is the one to report.
      await releaseDeadLetters(sqs, queues.deadLettersUrl, chosen).catch(() => undefined);
      throw new Error(`${(error as Error).message}; then ${rerun}`, { cause: error });
    }),
  );
  await releaseDeadLetters(sqs, queues.deadLettersUrl, refused);

  context.out(`${countOf(chosen)} read, ${chosen.length - refused.length} queued for delivery again`);
  for (const id of missing) context.err(`${id} is not among the dead letters`);
  if (refused.length > 0) context.err(`SQS refused ${refused.length}, which are still dead letters: run this again`);
  if (ids === undefined) {
    for (const { messageId } of unreadable) {
      context.err(`The message ${messageId} is not a webhook of this service and stays in the queue: delete it`);
    }
    await printUnseen(deployment, queues.deadLettersUrl, letters.length, context);
  }
  return missing.length + refused.length + (ids === undefined ? unreadable.length : 0) === 0 ? 0 : 1;
}
