import { Findings, type Finding } from '../check/findings';
import { checkNotifications } from '../check/notifications';
import { checkPlayback } from '../check/playback';
import { checkReconcile } from '../check/reconcile';
import { checkSecrets } from '../check/secrets';
import { checkStack, expectedWebhook, loadRegistration } from '../check/stack';
import { checkTable } from '../check/table';
import { checkVod } from '../check/vod';
import { checkWebhook } from '../check/webhook';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  webhookOption,
  type Command,
  type CommandContext,
} from '../command-line/command';
import { deploymentOf, type Deployment } from '../deployment/deployment';

const LABELS: Readonly<Record<Finding['status'], string>> = {
  ok: 'ok',
  fault: 'FAULT',
  'not-checked': 'not checked',
};

export const check: Command = {
  summary: 'can this deployment work? Names each fault and what to do',
  usage: `check [options]

Checks the stack, the secrets, the key and application at VOD, the clock, VOD's event configuration, the webhook (with an event
that it ignores), the last run of reconcile, your server (with a signed test webhook, as \`notifications test\`), the webhooks
that were given up, the keys for playback, and the table with its stream, indexes, TTL and backups; changes nothing. Each line is "ok", "FAULT" with what to do, or "not checked" where
something else must be right first. Exit code 1 when there is a fault.

  --url <url>      the webhook, without a token; without it the one that was registered last, else the stack's VodEventsUrl
  --json           {"ok": ..., "findings": [{"check", "status", "detail"}]} on stdout
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, url: { type: 'string' }, json: { type: 'boolean' } },
    });
    const deployment = await deploymentOf(values, context);
    const findings = await checkDeployment(deployment, context, webhookOption(values.url, deployment.mode));
    const faults = findings.filter(({ status }) => status === 'fault').length;
    if (values.json) {
      context.out(JSON.stringify({ ok: faults === 0, deployment: deployment.name, findings }));
      return faults === 0 ? 0 : 1;
    }
    for (const { check, status, detail } of findings) {
      context.out(`${LABELS[status].padEnd(12)}${check.padEnd(23)}${detail}`);
    }
    context.out(`${deployment.name}: ${countOf(faults)}`);
    return faults === 0 ? 0 : 1;
  },
};

function countOf(faults: number): string {
  if (faults === 0) return 'no fault';
  return faults === 1 ? '1 fault' : `${faults} faults`;
}

/**
 * Every finding of a deployment, each check once at most; what the deployment does not use is absent.
 *
 * @param givenUrl `--url`
 */
async function checkDeployment(
  deployment: Deployment,
  context: Pick<CommandContext, 'now'>,
  givenUrl: string | undefined,
): Promise<Finding[]> {
  const findings = new Findings(deployment);
  const outputs = await checkStack(deployment, findings);
  const secrets = await checkSecrets(deployment, findings);
  const saved = await loadRegistration(deployment);
  const expected = expectedWebhook(outputs, saved, givenUrl);
  const webhook = (await checkVod({ deployment, expected, outputs, secrets, saved }, findings, context)) ?? expected;
  await checkWebhook(deployment, webhook, secrets, findings, context);
  await checkReconcile(deployment, outputs, findings, context);
  await checkNotifications(deployment, outputs, secrets, findings, context);
  await checkPlayback(deployment, secrets, findings);
  await checkTable(deployment, outputs, findings);
  return findings.inOrder();
}
