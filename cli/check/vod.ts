import { describe } from '../../lib/platform/log';
import type { KeyPair } from '../../lib/vod/schemas';
import { splitToken } from '../callback/url';
import { explainFetchFailure } from '../network/fetch-failure';
import type { CommandContext } from '../command-line/context';
import type { Deployment, Outputs } from '../deployment/deployment';
import { vodClient } from '../vod/client';
import { checkDrift, checkEventConfig, type EventConfig } from './event-config';
import type { Check, Findings } from './findings';
import type { Secrets } from './secrets';
import { AS_GIVEN, REGISTER, stackWebhook, type SavedRegistration, type Webhook } from './stack';
import { tryAgain, vodRefusal } from '../vod/refusal';

/** In seconds. VOD refuses a call at 300; a synchronized clock is off by far less than a minute. */
const MAX_SKEW = 60;
const RESPONSE_TIMEOUT = 10_000;

export interface VodCheckInput {
  readonly deployment: Deployment;
  readonly expected: Webhook | undefined;
  readonly outputs: Outputs | undefined;
  readonly secrets: Secrets;
  readonly saved: SavedRegistration;
}

/** Checks VOD's side; returns the webhook that VOD calls, where that is one of this deployment. */
export async function checkVod(
  { deployment, expected, outputs, secrets, saved }: VodCheckInput,
  findings: Findings,
  { now }: Pick<CommandContext, 'now'>,
): Promise<Webhook | undefined> {
  const checks = vodChecks(deployment);
  if (!(await checkClock(deployment, findings, now))) {
    findings.notChecked(checks, 'VOD does not respond');
    return undefined;
  }
  const config = await readEventConfig(deployment, secrets, findings);
  if (!config) {
    const isRefused = (['vod-key', 'vod-api-key', 'sub-application', 'vod-api', 'clock'] as const).some((one) =>
      findings.isFault(one),
    );
    const isMissing = secrets.vodKey === undefined;
    const first = isRefused || isMissing ? 'accept the key and the application' : 'respond';
    findings.notChecked(checks, `VOD must ${first} first`);
    return undefined;
  }
  // Of two keys, VOD may accept the application from one only.
  if (!findings.isFault('sub-application')) {
    const { vodSubAppId } = deployment;
    const main = "the account's main application, which needs no id";
    findings.ok('sub-application', vodSubAppId === undefined ? main : `${vodSubAppId}`);
  }
  // The stack's own address works in addition to a custom domain.
  const { url: called } = splitToken(config.NotificationUrl ?? '');
  const isStacks = outputs?.webhookUrl !== undefined && called === new URL(outputs.webhookUrl).href;
  const webhook = isStacks && expected?.source !== AS_GIVEN ? stackWebhook(called) : expected;
  checkEventConfig({ config, deployment, webhook, secrets, saved }, findings);
  if (saved.unreadable === undefined) {
    checkDrift(config, saved.registered, webhook?.register ?? REGISTER, secrets, findings);
  }
  return webhook;
}

function vodChecks({ parameters }: Deployment): Check[] {
  return [
    'vod-key',
    ...(parameters.vodApiKey === undefined ? [] : (['vod-api-key'] as const)),
    'sub-application',
    'mode',
    'callback-url',
    'upload-switch',
    'delete-switch',
    'drift',
    ...(parameters.callbackToken === undefined ? [] : (['callback-token'] as const)),
    ...(parameters.callbackSignKey === undefined ? [] : (['sign-key'] as const)),
  ];
}

/** Returns whether VOD responds at all. */
async function checkClock({ vodApiUrl }: Deployment, findings: Findings, now: () => number): Promise<boolean> {
  let date: string | null;
  try {
    const response = await fetch(vodApiUrl, { signal: AbortSignal.timeout(RESPONSE_TIMEOUT) });
    await response.body?.cancel();
    date = response.headers.get('date');
  } catch (error) {
    const reason = explainFetchFailure(error);
    findings.fault('vod-api', `${vodApiUrl} does not respond (${reason}): check the network and VOD_API_URL`);
    findings.notChecked(['clock'], 'VOD does not respond');
    return false;
  }
  findings.ok('vod-api', vodApiUrl);
  const skew = Math.round((now() - Date.parse(date ?? '')) / 1000);
  if (Number.isNaN(skew)) findings.notChecked(['clock'], 'VOD returned no Date header');
  else if (Math.abs(skew) <= MAX_SKEW) findings.ok('clock', `${Math.abs(skew)} s from VOD's`);
  else {
    const difference = `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} VOD's`;
    findings.fault('clock', `this machine's clock is ${difference}, set it (VOD refuses calls at 300 s)`);
  }
  return true;
}

/** VOD's event configuration, read with each of the keys; `undefined` where none may read it. */
async function readEventConfig(
  { parameters, vodSubAppId, vodApiUrl }: Deployment,
  secrets: Secrets,
  findings: Findings,
): Promise<EventConfig | undefined> {
  const application = vodSubAppId === undefined ? {} : { SubAppId: vodSubAppId };
  let config: EventConfig | undefined;
  const tryKey = async (check: KeyCheck, name: string, pair: KeyPair | undefined) => {
    if (!pair) {
      findings.notChecked([check], `${name} must contain a key pair first`);
      return;
    }
    try {
      config = await vodClient(vodApiUrl, pair).DescribeEventConfig(application);
      findings.ok(check, `VOD accepts ${pair.secretId}`);
    } catch (error) {
      const isForApi = check === 'vod-api-key' || parameters.vodApiKey === undefined;
      diagnoseRefusal({ check, name, isForApi, vodSubAppId }, error, findings);
    }
  };
  await tryKey('vod-key', parameters.vodKey, secrets.vodKey);
  if (parameters.vodApiKey !== undefined) await tryKey('vod-api-key', parameters.vodApiKey, secrets.vodApiKey);
  return config;
}

type KeyCheck = 'vod-key' | 'vod-api-key';

interface RefusedCall {
  readonly check: KeyCheck;
  /** Of the key's parameter. */
  readonly name: string;
  readonly isForApi: boolean;
  readonly vodSubAppId: number | undefined;
}

/** Reports the cause of a refused DescribeEventConfig, and its remedy. */
function diagnoseRefusal(call: RefusedCall, error: unknown, findings: Findings): void {
  const { check, name, isForApi } = call;
  const refusal = vodRefusal(error);
  const { kind, code } = refusal;
  switch (kind) {
    case 'unknown-key':
      findings.fault(check, `VOD does not know the secretId of ${name} (${code}): store an enabled key pair`);
      break;
    case 'wrong-key':
      findings.fault(
        check,
        `the secretKey of ${name} does not belong to its secretId (${code}): store both values of the same key pair`,
      );
      break;
    case 'temporary-key':
      findings.fault(
        check,
        `${name} contains a temporary key (${code}), which cannot sign uploads: store a permanent key pair`,
      );
      break;
    case 'clock':
      if (findings.isFault('clock')) return;
      findings.fault('clock', `VOD reports that this machine's clock is wrong (${code}): set it`);
      break;
    case 'denied':
      if (!isForApi) findings.ok(check, 'VOD accepts the key, and allows it to sign only');
      else {
        const advice = 'add vod:DescribeEventConfig to its CAM policy';
        findings.fault(check, `the key of ${name} may not read the event configuration: ${advice} (${code})`);
      }
      break;
    case 'transient':
      findings.notChecked([check], tryAgain(refusal));
      break;
    case 'other':
      findings.fault('vod-api', `DescribeEventConfig fails with ${code}: ${describe(error).reason}`);
      break;
    case 'not-activated':
    case 'account':
    case 'application':
      diagnoseApplication(call, kind, code, findings);
  }
}

/** The key is right, but VOD does not serve the account or the application. */
function diagnoseApplication(
  { check, name, vodSubAppId }: RefusedCall,
  kind: 'not-activated' | 'account' | 'application',
  code: string,
  findings: Findings,
): void {
  findings.ok(check, 'VOD accepts the key');
  const set =
    vodSubAppId === undefined
      ? 'if the account was opened on or after 2023-12-25, set VOD_SUB_APP_ID and deploy again'
      : `check that VOD_SUB_APP_ID ${vodSubAppId} is one of its applications`;
  if (kind === 'not-activated') {
    const cause = `VOD is not activated for the account of the key in ${name}, or the application does not belong to it`;
    findings.fault('sub-application', `${cause} (${code}): activate VOD in the account's console, or ${set}`);
  } else if (kind === 'account') {
    const cause = `VOD refuses the account of the key in ${name}`;
    const advice = 'look for overdue payment, suspension or missing verification in its console';
    findings.fault('sub-application', `${cause} (${code}): ${advice}`);
  } else {
    const missing =
      'VOD_SUB_APP_ID is missing: an account opened since 2023-12-25 must name its application, set it and deploy again';
    const wrong = `VOD_SUB_APP_ID ${vodSubAppId ?? ''} is not an application of the account of the key in ${name}: correct one of them`;
    findings.fault('sub-application', `${vodSubAppId === undefined ? missing : wrong} (${code})`);
  }
}
