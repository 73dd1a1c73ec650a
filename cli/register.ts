import { describe } from '../lib/platform/log';
import { shown, splitToken, withToken } from './callback-request';
import { DEPLOYMENT_OPTIONS, DEPLOYMENT_USAGE, readArgs, webhookOption, type Verb } from './command';
import { deploymentOf, registration, secretsOf } from './deployment';
import { fingerprint, KEPT_BY_FUNCTIONS, recall, remember, type Registered, type Rotations } from './memory';
import { codeOf, vodClient } from './vod-client';

/** `register`: VOD gets to know where its events go (ModifyEventConfig, 266/55244). */
export const register: Verb = {
  summary: 'tell VOD where to send events, with the token and SignKey in force',
  usage: `register [options]

Shows what VOD has and what it should have, and sets it: mode, callback URL with the token, SignKey, and the switches for
uploads and deletions, which are off by default. A fingerprint of the SignKey is remembered in SSM, because VOD never says
which one it has. No secret is shown.

  --url <url>      the webhook, without a token; without it the stack's output VodEventsUrl
  --dry-run        show, and change nothing
${DEPLOYMENT_USAGE}`,

  run: async (args, edge) => {
    const { values } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, url: { type: 'string' }, 'dry-run': { type: 'boolean' } },
    });
    const deployment = await deploymentOf(values, edge);
    const { mode, parameters, ssm, vodSubAppId, options } = deployment;
    const givenUrl = webhookOption(values.url, mode);
    const refused = refusal(options);
    if (mode === 'PUSH' && parameters.callbackToken === undefined && parameters.callbackSignKey === undefined) {
      const names = 'CALLBACK_TOKEN_PARAMETER or CALLBACK_SIGN_KEY_PARAMETER';
      throw new Error(`Cannot register: name ${names}, or anybody could post events`);
    }
    const rotations = await recall<Rotations>(ssm, parameters.rotation);
    for (const which of ['callback-token', 'sign-key']) {
      const { step, at = 0, begun } = rotations?.[which] ?? {};
      // One that was begun may have stored the new one, whether or not it came to say so.
      const added = begun?.step === 'add' ? begun.at : step === 'add' ? at : 0;
      const ready = added + KEPT_BY_FUNCTIONS;
      if (edge.now() >= ready) continue;
      const until = new Date(ready).toISOString();
      throw new Error(`Cannot register: the webhook may not know the new ${which} before ${until}, try again then`);
    }

    const secrets = await secretsOf(deployment);
    const [token] = parameters.callbackToken === undefined ? [] : secrets.parseSecretVersions(parameters.callbackToken);
    const [signKey] =
      parameters.callbackSignKey === undefined ? [] : secrets.parseSecretVersions(parameters.callbackSignKey);
    const { webhookUrl } = givenUrl === undefined ? await deployment.outputs() : { webhookUrl: givenUrl };
    const api = vodClient(deployment.vodApiUrl, secrets.keyPair(parameters.vodApiKey ?? parameters.vodKey));
    const application = vodSubAppId === undefined ? {} : { SubAppId: vodSubAppId };
    const now = await api.DescribeEventConfig(application).catch(refused);
    const before = (await recall<Registered>(ssm, parameters.registered)) ?? deployment.registeredAtStart;

    // Where events are pulled VOD does not use the URL, and keeps the one it has.
    const { NotificationUrl: oldUrl = '' } = now;
    const url = webhookUrl === undefined ? oldUrl : withToken(webhookUrl, token);
    const [has, gets] = [splitToken(oldUrl), splitToken(url)];
    const show = (secret: string | null | undefined) => (secret ? fingerprint(secret) : 'none');
    const rows = [
      ['mode', now.Mode, mode],
      ['url', shown(has.url) || 'none', shown(gets.url) || 'none'],
      ['token', show(has.token), show(gets.token)],
      // The vendor's document does not say how one is taken away, so none is.
      ['sign key', `${before?.signKeyFingerprint ?? 'unknown'} (as remembered)`, signKey && fingerprint(signKey)],
      ['uploads', now.UploadMediaCompleteEventSwitch, 'ON'],
      ['deletions', now.DeleteMediaCompleteEventSwitch, 'ON'],
    ] as const;
    edge.out(`VOD application ${vodSubAppId ?? '(main)'}, for ${deployment.name}`);
    for (const [name, from = 'unknown', to] of rows) {
      if (name === 'sign key' && signKey === undefined && before?.signKeyFingerprint === undefined) continue;
      const same = to === undefined || from.replace(' (as remembered)', '') === to;
      edge.out(`  ${name.padEnd(10)} ${same ? from : `${from} -> ${to}`}`);
    }
    if (values['dry-run']) {
      edge.out('Nothing was changed (--dry-run)');
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
    await api.ModifyEventConfig(config).catch(refused);
    const registered = registration(mode, url, signKey, new Date(edge.now()).toISOString());
    await remember(ssm, parameters.registered, registered).catch((error: unknown) => {
      const why = `VOD was changed, but ${parameters.registered} could not be written (${describe(error).reason})`;
      throw new Error(`${why}: grant ssm:PutParameter and run register again`);
    });
    edge.out(`Registered, and remembered in ${parameters.registered}; \`npm run vod -- check ${options}\` tries it`);
    return 0;
  },
};

const refusal = (options: string) => (error: unknown) => {
  const said = `VOD says ${codeOf(error) ?? 'nothing'} (${describe(error).reason})`;
  throw new Error(`Cannot register: ${said}; \`npm run vod -- check ${options}\` says what to do`);
};
