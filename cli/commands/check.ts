import { Findings, type Finding } from '../check/findings';
import { checkNotifications } from '../check/notifications';
import { checkPlayback } from '../check/playback';
import { checkReconcile } from '../check/reconcile';
import { checkSecrets } from '../check/secrets';
import { checkStack, expectedWebhook, loadRegistration } from '../check/stack';
import { checkTable } from '../check/table';
import { checkVod } from '../check/vod';
import { checkWebhook } from '../check/webhook';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import { parseWebhookUrl } from '../command-line/webhook-url';
import type { Deployment } from '../deployment/deployment';
import { findDeployment } from '../deployment/find-deployment';

const LABELS: Readonly<Record<Finding['status'], string>> = {
  ok: 'ok',
  fault: 'FAULT',
  'not-checked': 'not checked',
};

export const check = defineCommand({
  name: 'check',
  summary: 'find the faults of a deployment, with what to do about each',
  description: `
    Checks the stack, the secrets, the key and application at VOD, the clock, VOD's event configuration, the webhook (with
    an event that it ignores), the last run of reconcile, your server (with a signed test webhook, as \`notifications
    test\` sends it), the dead letters of webhooks, the keys for playback, and the table with its stream, indexes, TTL and
    backups. Changes nothing.

    Each line is "ok", "FAULT" with what to do, or "not checked" where another fault must be repaired first, or a
    permission is missing. Exit code 1 if there is a fault.`,
  options: {
    url: {
      value: 'url',
      description:
        "the webhook, without a token. Default: the URL of the last `register`, else the stack's VodEventsUrl",
    },
    json: { description: 'print {"ok", "deployment", "findings": [{"check", "status", "detail"}]}' },
  },

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const findings = await checkDeployment(deployment, context, parseWebhookUrl(options.url, deployment.mode));
    const faults = findings.filter(({ status }) => status === 'fault').length;
    if (options.json) {
      context.out(JSON.stringify({ ok: faults === 0, deployment: deployment.name, findings }));
      return faults === 0 ? 0 : 1;
    }
    for (const { check, status, detail } of findings) {
      context.out(`${LABELS[status].padEnd(12)}${check.padEnd(23)}${detail}`);
    }
    context.out(`${deployment.name}: ${countOf(faults)}`);
    return faults === 0 ? 0 : 1;
  },
});

function countOf(faults: number): string {
  if (faults === 0) return 'no faults';
  return faults === 1 ? '1 fault' : `${faults} faults`;
}

/**
 * Returns the findings, at most one for each check; there is none for what the deployment does not use.
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
