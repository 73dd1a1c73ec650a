import { describe } from '../../lib/platform/log';
import { displayUrl } from '../callback/url';
import type { CommandContext } from '../command-line/context';
import { countMessages } from '../notifications/dead-letters';
import type { Deployment, Outputs } from '../deployment/deployment';
import { adviseOn, deliverTest, describeDelivery } from '../notifications/test-notification';
import type { Findings } from './findings';
import type { Secrets } from './secrets';

/** Posts a signed test to the app's server, and counts the dead letters. */
export async function checkNotifications(
  deployment: Deployment,
  outputs: Outputs | undefined,
  secrets: Secrets,
  findings: Findings,
  context: Pick<CommandContext, 'now'>,
): Promise<void> {
  const { notifyUrl } = deployment;
  const queues = outputs?.notifications;
  if (notifyUrl === undefined) {
    if (!queues) return;
    const advice = 'set NOTIFY_URL here too, otherwise the next deploy removes them';
    findings.fault('notify-url', `the stack sends webhooks, but NOTIFY_URL is empty here: ${advice}`);
  } else if (outputs && !queues) {
    findings.fault('notify-url', 'the stack was deployed without NOTIFY_URL: deploy again');
  } else {
    await checkReceiver(notifyUrl, secrets, findings, context);
  }
  if (queues) await checkDeadLetters(deployment, queues.deadLettersUrl, findings);
  else findings.notChecked(['notify-dead-letters'], 'requires the queues of the stack, see "stack" and "notify-url"');
}

async function checkReceiver(
  notifyUrl: string,
  { notifySecrets }: Secrets,
  findings: Findings,
  { now }: Pick<CommandContext, 'now'>,
): Promise<void> {
  if (!notifySecrets) {
    findings.notChecked(['notify-url'], 'requires a valid secret, see "notify-secret"');
    return;
  }
  if (findings.isFault('clock')) {
    findings.notChecked(['notify-url'], 'a signature needs a correct clock');
    return;
  }
  const { delivery, milliseconds } = await deliverTest(notifyUrl, notifySecrets, now);
  const result = `${displayUrl(notifyUrl)}: ${describeDelivery(delivery)}`;
  if (delivery.outcome === 'delivered') findings.ok('notify-url', `${result} in ${milliseconds} ms`);
  else findings.fault('notify-url', `${result}; ${adviseOn(delivery)}`);
}

async function checkDeadLetters({ sqs }: Deployment, deadLettersUrl: string, findings: Findings): Promise<void> {
  try {
    const { waiting, held } = await countMessages(sqs, deadLettersUrl);
    const count = waiting + held;
    if (count === 0) findings.ok('notify-dead-letters', 'none');
    else {
      const commands = '`npm run vod -- notifications failed` lists them, `npm run vod -- notifications retry --all`';
      const advice = `${commands} delivers them again`;
      const undelivered = count === 1 ? 'about 1 webhook was' : `about ${count} webhooks were`;
      findings.fault('notify-dead-letters', `${undelivered} not delivered: ${advice}`);
    }
  } catch (error) {
    findings.notChecked(['notify-dead-letters'], describe(error).reason);
  }
}
