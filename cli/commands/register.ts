import { describe } from '../../lib/platform/log';
import { shown, splitToken, withToken } from '../callback-request';
import { DEPLOYMENT_OPTIONS, DEPLOYMENT_USAGE, readArgs, webhookOption, type Command } from '../command';
import { deploymentOf } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';
import {
  fingerprint,
  CACHED_BY_FUNCTIONS,
  loadState,
  saveState,
  type Registered,
  type Rotations,
  registration,
} from '../deployment/state';
import { codeOf, vodClient } from '../vod-client';

/** `register` sets VOD's event configuration (ModifyEventConfig, 266/55244). */
export const register: Command = {
  summary: "set VOD's event configuration: URL with token, SignKey, mode and switches",
  usage: `register [options]

Shows what VOD has and what it should have, and sets it: mode, callback URL with the token, SignKey, and the switches for
uploads and deletions, which are off by default. A fingerprint of the SignKey is stored in SSM, because VOD never reports
which one it has. No secret is shown.

  --url <url>      the webhook, without a token; without it the stack's output VodEventsUrl
  --dry-run        show, and change nothing
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, url: { type: 'string' }, 'dry-run': { type: 'boolean' } },
    });
    const deployment = await deploymentOf(values, context);
    const { mode, parameters, ssm, vodSubAppId, options } = deployment;
    const givenUrl = webhookOption(values.url, mode);
    const refuse = refusal(options);
    if (mode === 'PUSH' && parameters.callbackToken === undefined && parameters.callbackSignKey === undefined) {
      const names = 'CALLBACK_TOKEN_PARAMETER or CALLBACK_SIGN_KEY_PARAMETER';
      throw new Error(`Cannot register: set ${names}, or any caller could post events`);
    }
    const rotations = await loadState<Rotations>(ssm, parameters.rotation);
    for (const which of ['callback-token', 'sign-key']) {
      const { step, at = 0, begun } = rotations?.[which] ?? {};
      // A step that began may have stored the new value even if it never reported so.
      const added = begun?.step === 'add' ? begun.at : step === 'add' ? at : 0;
      const ready = added + CACHED_BY_FUNCTIONS;
      if (context.now() >= ready) continue;
      const until = new Date(ready).toISOString();
      throw new Error(`Cannot register: the webhook may not have the new ${which} before ${until}, try again then`);
    }

    const secrets = await secretsOf(deployment);
    const [token] = parameters.callbackToken === undefined ? [] : secrets.parseSecretVersions(parameters.callbackToken);
    const [signKey] =
      parameters.callbackSignKey === undefined ? [] : secrets.parseSecretVersions(parameters.callbackSignKey);
    const { webhookUrl } = givenUrl === undefined ? await deployment.outputs() : { webhookUrl: givenUrl };
    const api = vodClient(deployment.vodApiUrl, secrets.keyPair(parameters.vodApiKey ?? parameters.vodKey));
    const application = vodSubAppId === undefined ? {} : { SubAppId: vodSubAppId };
    const now = await api.DescribeEventConfig(application).catch(refuse);
    const before = (await loadState<Registered>(ssm, parameters.registered)) ?? deployment.registeredAtStart;

    // Where events are pulled VOD does not use the URL; it keeps the one that it has.
    const { NotificationUrl: oldUrl = '' } = now;
    const url = webhookUrl === undefined ? oldUrl : withToken(webhookUrl, token);
    const [has, gets] = [splitToken(oldUrl), splitToken(url)];
    const show = (secret: string | null | undefined) => (secret ? fingerprint(secret) : 'none');
    const rows = [
      ['mode', now.Mode, mode],
      ['url', shown(has.url) || 'none', shown(gets.url) || 'none'],
      ['token', show(has.token), show(gets.token)],
      // The vendor does not document how to remove a SignKey, so it is never removed.
      ['sign key', `${before?.signKeyFingerprint ?? 'unknown'} (as stored)`, signKey && fingerprint(signKey)],
      ['uploads', now.UploadMediaCompleteEventSwitch, 'ON'],
      ['deletions', now.DeleteMediaCompleteEventSwitch, 'ON'],
    ] as const;
    context.out(`VOD application ${vodSubAppId ?? '(main)'}, for ${deployment.name}`);
    for (const [name, from = 'unknown', to] of rows) {
      if (name === 'sign key' && signKey === undefined && before?.signKeyFingerprint === undefined) continue;
      const isSame = to === undefined || from.replace(' (as stored)', '') === to;
      context.out(`  ${name.padEnd(10)} ${isSame ? from : `${from} -> ${to}`}`);
    }
    if (values['dry-run']) {
      context.out('Nothing was changed (--dry-run)');
      return 0;
    }
    const config = {
      ...application,
      Mode: mode,
      ...(webhookUrl !== undefined && { NotificationUrl: url }),
      UploadMediaCompleteEventSwitch: 'ON',
      DeleteMediaCompleteEventSwitch: 'ON',
      ...(signKey !== undefined && { SignKey: signKey }),
    };
    await api.ModifyEventConfig(config).catch(refuse);
    const registered = registration(mode, url, signKey, new Date(context.now()).toISOString());
    await saveState(ssm, parameters.registered, registered).catch((error: unknown) => {
      const why = `VOD was changed, but ${parameters.registered} could not be written (${describe(error).reason})`;
      throw new Error(`${why}: grant ssm:PutParameter and run register again`);
    });
    context.out(`Registered, and stored in ${parameters.registered}; \`npm run vod -- check ${options}\` tests it`);
    return 0;
  },
};

const refusal = (options: string) => (error: unknown) => {
  const reason = `VOD returned ${codeOf(error) ?? 'no answer'} (${describe(error).reason})`;
  throw new Error(`Cannot register: ${reason}; \`npm run vod -- check ${options}\` names what to do`);
};
