import { defineCommand } from '../../command-line/command';
import { findDeployment } from '../../deployment/find-deployment';
import { receiveDeadLetters, releaseDeadLetters, type DeadLetter } from '../../notifications/dead-letters';
import { countOf, printUnseen, queuesOf } from '../../notifications/dead-letter-report';

export const failedNotifications = defineCommand({
  name: 'notifications failed',
  summary: 'list the dead letters: webhooks that were not delivered',
  description: `
    Lists the webhooks that your server did not accept for a day, or for which it returned 410: id, type, file id, age. They
    stay in the dead-letter queue, for 14 days after they arrived there.`,
  options: {
    json: { description: 'print [{"id", "type", "fileId", "timestamp", "messageId"}]' },
  },

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const { sqs } = deployment;
    const { deadLettersUrl } = await queuesOf(deployment);
    const letters = await receiveDeadLetters(sqs, deadLettersUrl);
    try {
      if (options.json) {
        context.out(JSON.stringify(letters.map(({ receiptHandle: _, body: __, ...fields }) => fields)));
        return 0;
      }
      for (const letter of letters) context.out(formatLine(letter, context.now()));
      const command = `npm run vod -- notifications retry --all ${deployment.options}`;
      context.out(letters.length === 0 ? 'no dead letters' : `${countOf(letters)}; to deliver them again: ${command}`);
      await printUnseen(deployment, deadLettersUrl, letters.length, context);
      return 0;
    } finally {
      await releaseDeadLetters(sqs, deadLettersUrl, letters);
    }
  },
});

function formatLine({ id, type, fileId, timestamp, messageId }: DeadLetter, now: number): string {
  if (id === undefined) return `unreadable  message ${messageId}`;
  const age = formatAge(now - Date.parse(timestamp ?? ''));
  return `${id}  ${(type ?? '').padEnd(15)}  ${fileId ?? ''}  ${age}`;
}

/** A duration in its largest unit. */
function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3_600 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
