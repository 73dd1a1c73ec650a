import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  type Command,
  type CommandContext,
  type ExitCode,
} from '../command-line/command';
import { shown } from '../callback/request';
import {
  countMessages,
  HIDDEN_FOR,
  MAX_MESSAGES,
  moveDeadLetters,
  receiveDeadLetters,
  releaseDeadLetters,
  type DeadLetter,
} from '../notifications/dead-letters';
import { deploymentOf, type Deployment, type NotificationQueues } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';
import { completing } from '../terminal/interruption';
import { adviseOn, deliverTest, describeDelivery } from '../notifications/test-notification';

export const notifications: Command = {
  summary: 'test the webhooks to your server, list those that were given up, deliver them again',
  usage: `notifications test | failed | retry (--all | <id> ...) [options]

test     posts one signed webhook to NOTIFY_URL and prints the status and the time. It is an upload.ready with the file id
         "0", which your server ignores and answers with 2xx. Exit code 1 when it does not.
failed   lists the webhooks that your server did not accept for a day, or answered with 410: id, type, file id, age. They
         stay where they are, for 14 days from when they were given up.
retry    queues them for delivery again, for another day, under the same ids: --all, or those with these ids. An
         interrupted run is repeated: it delivers some twice and loses none.

  --all            every webhook that was given up
  --json           of failed: [{"id", "type", "fileId", "timestamp", "messageId"}] on stdout
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values, positionals } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, all: { type: 'boolean' }, json: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [what, ...ids] = positionals;
    if (what !== 'test' && what !== 'failed' && what !== 'retry') {
      throw new UsageError('notifications takes one of: test, failed, retry');
    }
    if (what !== 'retry' && (ids.length > 0 || values.all)) throw new UsageError('only retry takes ids or --all');
    if (what !== 'failed' && values.json) throw new UsageError('only failed takes --json');
    if (what === 'retry' && (values.all === true) === ids.length > 0) {
      throw new UsageError('retry takes either --all or the ids that `notifications failed` lists');
    }
    const deployment = await deploymentOf(values, context);
    if (what === 'test') return test(deployment, context);
    if (what === 'failed') return listFailed(deployment, values.json === true, context);
    return retry(deployment, values.all === true ? undefined : new Set(ids), context);
  },
};

async function test(deployment: Deployment, { out, err, now }: CommandContext): Promise<ExitCode> {
  const { notifyUrl, parameters } = deployment;
  if (notifyUrl === undefined || parameters.notifySecret === undefined) {
    throw new Error('Cannot send a test: NOTIFY_URL is empty, so this deployment sends no webhooks');
  }
  const { parseSecretVersions } = await secretsOf(deployment);
  const secrets = parseSecretVersions(parameters.notifySecret);
  const { id, delivery, milliseconds } = await deliverTest(notifyUrl, secrets, now);
  out(`POST        ${shown(notifyUrl)}`);
  out(`webhook-id  ${id}`);
  out(`result      ${describeDelivery(delivery)}, after ${milliseconds} ms`);
  if (delivery.outcome === 'delivered') return 0;
  err(`Not accepted: ${adviseOn(delivery)}`);
  return 1;
}

async function listFailed(deployment: Deployment, isJson: boolean, context: CommandContext): Promise<ExitCode> {
  const { sqs, options } = deployment;
  const { deadLettersUrl } = await queuesOf(deployment);
  const letters = await receiveDeadLetters(sqs, deadLettersUrl);
  try {
    if (isJson) {
      context.out(JSON.stringify(letters.map(({ receiptHandle: _, body: __, ...fields }) => fields)));
      return 0;
    }
    for (const letter of letters) context.out(formatLine(letter, context.now()));
    const command = `npm run vod -- notifications retry --all ${options}`;
    context.out(letters.length === 0 ? 'no dead letters' : `${countOf(letters)}; to deliver them again: ${command}`);
    await printUnseen(deployment, deadLettersUrl, letters.length, context);
    return 0;
  } finally {
    await releaseDeadLetters(sqs, deadLettersUrl, letters);
  }
}

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
  const missing = [...(ids ?? [])].filter((wanted) => !letters.some(({ id }) => id === wanted));
  await releaseDeadLetters(sqs, queues.deadLettersUrl, others);
  const command = `npm run vod -- notifications retry ${ids === undefined ? '--all' : [...ids].join(' ')} ${options}`;
  const again = `run \`${command}\` again, which delivers some twice and loses none`;
  const refused = await completing(`Not all webhooks are queued: ${again}`, () =>
    moveDeadLetters(sqs, queues, chosen).catch(async (error: unknown) => {
      // So that the next run need not wait; the error that ended this one is the one to report.
      await releaseDeadLetters(sqs, queues.deadLettersUrl, chosen).catch(() => undefined);
      throw new Error(`${(error as Error).message}; then ${again}`, { cause: error });
    }),
  );
  await releaseDeadLetters(sqs, queues.deadLettersUrl, refused);

  context.out(`${countOf(chosen)} read, ${chosen.length - refused.length} queued for delivery again`);
  for (const id of missing) context.err(`${id} is not among the dead letters`);
  if (refused.length > 0) context.err(`SQS refused ${refused.length}, which are still dead letters: run this again`);
  if (ids === undefined) {
    for (const { messageId } of unreadable) {
      context.err(`The message ${messageId} is not a webhook of this service and was left where it is: delete it`);
    }
    await printUnseen(deployment, queues.deadLettersUrl, letters.length, context);
  }
  return missing.length + refused.length + (ids === undefined ? unreadable.length : 0) === 0 ? 0 : 1;
}

/** @throws Error when the deployment sends no webhooks */
async function queuesOf(deployment: Deployment): Promise<NotificationQueues> {
  const { notifications: queues } = await deployment.outputs();
  if (queues) return queues;
  throw new Error(
    `Cannot read the dead letters: ${deployment.name} has no queue for webhooks, deploy it with NOTIFY_URL`,
  );
}

/** Messages that another run holds, or for which this one had no room. */
async function printUnseen(
  { sqs }: Deployment,
  deadLettersUrl: string,
  seen: number,
  { err }: CommandContext,
): Promise<void> {
  if (seen >= MAX_MESSAGES) err(`Only ${MAX_MESSAGES} were read: run this again for the others`);
  const { held } = await countMessages(sqs, deadLettersUrl);
  if (seen === 0 && held > 0) {
    err(
      `${held} are held by another run, or were by one that was interrupted: try again in ${HIDDEN_FOR / 60} minutes`,
    );
  }
}

function countOf({ length }: readonly DeadLetter[]): string {
  return length === 1 ? '1 dead letter' : `${length} dead letters`;
}

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
