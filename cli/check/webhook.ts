import { describe } from '../../lib/platform/log';
import { postCallback } from '../callback/request';
import type { CommandContext } from '../command-line/context';
import type { Deployment } from '../deployment/deployment';
import type { Findings } from './findings';
import type { Secrets } from './secrets';
import { REGISTER, type Webhook } from './stack';

/** VOD has no event of this type: the webhook returns 200 and stores nothing. */
const PROBE = { EventType: 'VodClientUploadCheck' };

/** Posts an event that the webhook ignores, without and with the secrets. */
export async function checkWebhook(
  deployment: Deployment,
  webhook: Webhook | undefined,
  secrets: Secrets,
  findings: Findings,
  { now }: Pick<CommandContext, 'now'>,
): Promise<void> {
  const reason =
    whyNotProbed(deployment, webhook, secrets, findings) ?? (await probe(deployment, webhook, secrets, findings, now));
  findings.notChecked(['webhook', 'webhook-token'], reason ?? 'requires a response of the webhook, see "webhook"');
}

function whyNotProbed(
  { mode }: Deployment,
  webhook: Webhook | undefined,
  { tokens, signKeys }: Secrets,
  findings: Findings,
): string | undefined {
  const secretChecks = ['seal-key-secret', 'callback-token-secret', 'sign-key-secret'] as const;
  const lacksSecrets = secretChecks.some((check) => findings.isFault(check)) || (!tokens && !signKeys);
  if (mode === 'PULL') return 'not used: EVENT_MODE is pull';
  if (webhook === undefined) return 'requires the stack, see "stack"';
  return lacksSecrets ? 'the webhook cannot work without its secrets' : undefined;
}

/** Returns the reason why a part could not be checked. */
async function probe(
  { parameters }: Deployment,
  webhook: Webhook | undefined,
  { tokens, signKeys }: Secrets,
  findings: Findings,
  now: () => number,
): Promise<string | undefined> {
  if (!webhook) return undefined;
  const { url, source } = webhook;
  const [token] = tokens ?? [];
  const [signKey] = signKeys ?? [];
  const credential = parameters.callbackToken === undefined ? 'Sign' : 'token';
  try {
    const { status } = await postCallback(url, PROBE, {}, now());
    if (status === 401) findings.ok('webhook-token', `without ${credential} it returns 401`);
    else if (status === 200) {
      const danger = 'so any caller can post events';
      findings.fault(
        'webhook-token',
        `it returns 200 without ${credential}, ${danger}: deploy this project there again`,
      );
    } else {
      const advice = source === '' ? 'deploy again' : `check the API mapping of the custom domain, or ${REGISTER}`;
      findings.fault('webhook', `it returns ${status}: read the log of vodEvents, or ${advice}`);
    }
    if (signKey !== undefined && findings.isFault('clock')) return 'a Sign needs a correct clock';
    if (findings.isFault('webhook')) return undefined;
    const response = await postCallback(url, PROBE, { token, signKey }, now());
    // During a rotation it may have the old values only, for five minutes.
    const old = { token: tokens?.at(-1), signKey: signKeys?.at(-1) };
    const isRotating = old.token !== token || old.signKey !== signKey;
    const triesOld = response.status === 401 && isRotating;
    diagnoseResponse(url, triesOld ? await postCallback(url, PROBE, old, now()) : response, findings);
  } catch (error) {
    const advice =
      source === ''
        ? 'deploy again, or check the network'
        : `check DNS and API mapping of the custom domain, or ${REGISTER}`;
    findings.fault('webhook', `${url}${source}: ${describe(error).reason}; ${advice}`);
  }
  return undefined;
}

/** Diagnoses the webhook's response to an event with the right secrets. */
function diagnoseResponse(
  webhookUrl: string,
  { status, text }: { readonly status: number; readonly text: string },
  findings: Findings,
): void {
  if (status === 200 && text === '{"outcome":"ignored"}') {
    findings.ok('webhook', `${webhookUrl} accepts events`);
  } else if (status === 401) {
    const advice = 'wait five minutes if one of them is new, else deploy again';
    findings.fault('webhook', `it returns 401 to the secrets that are in SSM: ${advice}`);
  } else if (status === 200) {
    findings.fault(
      'webhook',
      `${webhookUrl} returns 200, but not the response of vodEvents: deploy this project there`,
    );
  } else {
    findings.fault('webhook', `it returns ${status} for an event: read the log of vodEvents`);
  }
}
