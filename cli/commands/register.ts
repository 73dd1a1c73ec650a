import { displayUrl, splitToken, withToken } from '../callback/url';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import { parseWebhookUrl } from '../command-line/webhook-url';
import type { Deployment } from '../deployment/deployment';
import { findDeployment } from '../deployment/find-deployment';
import { secretsOf } from '../deployment/secrets';
import {
  CACHED_BY_FUNCTIONS,
  fingerprint,
  loadState,
  registration,
  saveState,
  type Registered,
  type Rotation,
  type Rotations,
} from '../deployment/state';
import { withInterruptionMessage } from '../terminal/interruption';
import { codeOf, vodClient } from '../vod/client';
import { explainVod } from '../vod/explain-refusal';

type VodClient = ReturnType<typeof vodClient>;
type EventConfig = Awaited<ReturnType<VodClient['DescribeEventConfig']>>;

/** `register` sets VOD's event configuration (ModifyEventConfig, 266/55244). */
export const register = defineCommand({
  name: 'register',
  summary: "set VOD's event configuration: URL with token, SignKey, mode and switches",
  description: `
    Prints what VOD has and what it gets, and sets it: mode, callback URL with the token, SignKey, and the switches for
    uploads and deletions, which are off by default. Stores a fingerprint of the SignKey in SSM, because VOD never reports
    its SignKey. Prints no secret.`,
  options: {
    url: { value: 'url', description: "the webhook, without a token. Default: the stack's output VodEventsUrl" },
    'dry-run': { description: 'print the differences, and change nothing' },
  },

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const givenUrl = parseWebhookUrl(options.url, deployment.mode);
    const { mode, parameters } = deployment;
    if (mode === 'PUSH' && parameters.callbackToken === undefined && parameters.callbackSignKey === undefined) {
      const names = 'CALLBACK_TOKEN_PARAMETER or CALLBACK_SIGN_KEY_PARAMETER';
      throw new Error(`Cannot register: set ${names}: without one, anyone can post events`);
    }
    await refuseDuringRotation(deployment, context.now());
    const plan = await makePlan(deployment, givenUrl);
    for (const line of describePlan(deployment, plan)) context.out(line);
    if (options['dry-run']) {
      context.out('Nothing was changed (--dry-run)');
      return 0;
    }
    await applyPlan(deployment, plan, context);
    const command = `npm run vod -- check ${deployment.options}`;
    context.out(`Registered, and stored in ${parameters.registered}; \`${command}\` tests it`);
    return 0;
  },
});

interface Plan {
  readonly api: VodClient;
  /** Empty for the main application of the account. */
  readonly application: { readonly SubAppId?: number };
  readonly current: EventConfig;
  /** The last registration. */
  readonly registered: Registered | undefined;
  /** With the token; absent where VOD keeps the URL that it has. */
  readonly newUrl: string | undefined;
  readonly signKey: string | undefined;
  /** The command that repeats this. */
  readonly command: string;
}

/** @throws Error while functions may still have the secrets from before a rotation */
async function refuseDuringRotation({ parameters, ssm }: Deployment, now: number): Promise<void> {
  const rotations = await loadState<Rotations>(ssm, parameters.rotation);
  for (const name of ['callback-token', 'sign-key']) {
    const ready = addedAt(rotations?.[name]) + CACHED_BY_FUNCTIONS;
    if (now >= ready) continue;
    const readyAt = new Date(ready).toISOString();
    throw new Error(
      `Cannot register: instances of vodEvents may still use the old ${name} until ${readyAt}: run this again then`,
    );
  }
}

/** Returns when a rotation added the new value, in milliseconds; 0 if none did. */
function addedAt({ step, at = 0, begun }: Rotation = {}): number {
  // An interrupted step may have stored the new value.
  if (begun?.step === 'add') return begun.at;
  return step === 'add' ? at : 0;
}

async function makePlan(deployment: Deployment, givenUrl: string | undefined): Promise<Plan> {
  const { parameters, ssm, vodSubAppId, options } = deployment;
  const secrets = await secretsOf(deployment);
  const firstOf = (name: string | undefined) => (name === undefined ? undefined : secrets.parseSecretVersions(name)[0]);
  const token = firstOf(parameters.callbackToken);
  const { webhookUrl } = givenUrl === undefined ? await deployment.outputs() : { webhookUrl: givenUrl };
  const api = vodClient(deployment.vodApiUrl, secrets.keyPair(parameters.vodApiKey ?? parameters.vodKey));
  const application = vodSubAppId === undefined ? {} : { SubAppId: vodSubAppId };
  const current = await api.DescribeEventConfig(application).catch((error: unknown) => {
    throw refusal(deployment, 'DescribeEventConfig', error);
  });
  return {
    api,
    application,
    current,
    registered: (await loadState<Registered>(ssm, parameters.registered)) ?? deployment.registeredAtStart,
    newUrl: webhookUrl === undefined ? undefined : withToken(webhookUrl, token),
    signKey: firstOf(parameters.callbackSignKey),
    command: `npm run vod -- register ${givenUrl === undefined ? '' : `--url ${givenUrl} `}${options}`,
  };
}

/** Formats what VOD has and what it gets, one line for each setting. */
function describePlan(
  { mode, vodSubAppId, name }: Deployment,
  { current, registered, newUrl, signKey }: Plan,
): string[] {
  const { NotificationUrl: oldUrl = '' } = current;
  const old = splitToken(oldUrl);
  const next = splitToken(newUrl ?? oldUrl);
  const show = (secret: string | null | undefined) => (secret ? fingerprint(secret) : 'none');
  const rows: (readonly [name: string, from: string | undefined, to: string | undefined])[] = [
    ['mode', current.Mode, mode],
    ['url', displayUrl(old.url) || 'none', displayUrl(next.url) || 'none'],
    ['token', show(old.token), show(next.token)],
    ['uploads', current.UploadMediaCompleteEventSwitch, 'ON'],
    ['deletions', current.DeleteMediaCompleteEventSwitch, 'ON'],
  ];
  // The vendor does not document how to remove a SignKey, so it is never removed.
  if (signKey !== undefined || registered?.signKeyFingerprint !== undefined) {
    const stored = registered?.signKeyFingerprint ?? 'unknown';
    const to = signKey === undefined ? stored : fingerprint(signKey);
    rows.splice(3, 0, ['sign key', `${stored} (as stored)`, to === stored ? `${stored} (as stored)` : to]);
  }
  return [
    `VOD application ${vodSubAppId ?? '(main)'}, for ${name}`,
    ...rows.map(
      ([label, from = 'unknown', to]) => `  ${label.padEnd(10)} ${from === to ? from : `${from} -> ${to ?? ''}`}`,
    ),
  ];
}

/** Changes VOD's configuration, and stores the registration. */
async function applyPlan(deployment: Deployment, plan: Plan, { now }: CommandContext): Promise<void> {
  const { mode, parameters, ssm } = deployment;
  const { api, application, current, newUrl, signKey, command } = plan;
  const config = {
    ...application,
    Mode: mode,
    ...(newUrl !== undefined && { NotificationUrl: newUrl }),
    UploadMediaCompleteEventSwitch: 'ON',
    DeleteMediaCompleteEventSwitch: 'ON',
    ...(signKey !== undefined && { SignKey: signKey }),
  };
  const advice = `run \`${command}\` again, which sets VOD and stores it`;
  await withInterruptionMessage(
    `VOD may be changed already, and ${parameters.registered} not written: ${advice}`,
    async () => {
      await api.ModifyEventConfig(config).catch((error: unknown) => {
        const isUnknown = codeOf(error) === undefined;
        throw refusal(
          deployment,
          'ModifyEventConfig',
          error,
          isUnknown ? `; VOD may be changed nevertheless: ${advice}` : '',
        );
      });
      // Where events are pulled VOD does not use the URL; it keeps the one that it has.
      const url = newUrl ?? current.NotificationUrl ?? '';
      const registered = registration(mode, url, signKey, new Date(now()).toISOString());
      await saveState(ssm, parameters.registered, registered).catch((error: unknown) => {
        throw new Error(`VOD was changed, but this could not be stored: ${(error as Error).message}; then ${advice}`);
      });
    },
  );
}

function refusal({ parameters, vodSubAppId }: Deployment, action: string, error: unknown, advice = ''): Error {
  const keyName = parameters.vodApiKey ?? parameters.vodKey;
  return new Error(`Cannot register: ${explainVod(error, { action, keyName, vodSubAppId })}${advice}`, {
    cause: error,
  });
}
