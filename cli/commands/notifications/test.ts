import { displayUrl } from '../../callback/url';
import { defineCommand } from '../../command-line/command';
import { findDeployment } from '../../deployment/find-deployment';
import { secretsOf } from '../../deployment/secrets';
import { adviseOn, deliverTest, describeDelivery } from '../../notifications/test-notification';

export const testNotifications = defineCommand({
  name: 'notifications test',
  summary: 'post one signed webhook to your server',
  description: `
    Posts one signed webhook to NOTIFY_URL and prints the status and the time: an upload.ready with the file id "0", which
    your server must ignore and accept with 2xx. Exit code 1 if it does not.`,

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const { out, err, now } = context;
    const { notifyUrl, parameters } = deployment;
    if (notifyUrl === undefined || parameters.notifySecret === undefined) {
      throw new Error('Cannot send a test: NOTIFY_URL is empty, so this deployment sends no webhooks');
    }
    const { parseSecretVersions } = await secretsOf(deployment);
    const secrets = parseSecretVersions(parameters.notifySecret);
    const { id, delivery, milliseconds } = await deliverTest(notifyUrl, secrets, now);
    out(`POST        ${displayUrl(notifyUrl)}`);
    out(`webhook-id  ${id}`);
    out(`result      ${describeDelivery(delivery)}, after ${milliseconds} ms`);
    if (delivery.outcome === 'delivered') return 0;
    err(`Not accepted: ${adviseOn(delivery)}`);
    return 1;
  },
});
