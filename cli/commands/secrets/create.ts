import { defineCommand } from '../../command-line/command';
import type { CommandContext } from '../../command-line/context';
import type { ParameterNames } from '../../deployment/configuration';
import type { Deployment } from '../../deployment/deployment';
import { findDeployment } from '../../deployment/find-deployment';
import { putSecret, secretsOf } from '../../deployment/secrets';
import { fingerprint } from '../../deployment/state';
import { promptKeyPair } from '../../secrets/key-pair-input';
import { ROTATABLE_SECRETS, type RotatableSecret } from '../../secrets/rotation-steps';
import { withInterruptionMessage } from '../../terminal/interruption';

export const createSecrets = defineCommand({
  name: 'secrets create',
  summary: 'create the SSM parameters of the secrets that do not exist',
  description: `
    Creates the parameters that do not exist yet, as SecureStrings: seal key, callback token, the SignKey if
    CALLBACK_SIGN_KEY_PARAMETER names one, and the notify secret if NOTIFY_URL is set, all random. Existing parameters are
    not changed.

    The VOD key pair is read from the environment (VOD_SECRET_ID, VOD_SECRET_KEY), else from a prompt, or from a pipe as
    two lines; never from an argument, which the list of processes shows.`,

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const { parameters } = deployment;
    const { has } = await secretsOf(deployment);
    const key = has(parameters.vodKey) ? undefined : await promptKeyPair(context);
    for (const [name, advice] of storedByHand(parameters)) {
      if (!has(name)) context.out(`missing  ${name}  ${advice}`);
    }
    const retry = `run \`npm run vod -- secrets create ${deployment.options}\` again, which keeps what exists and creates the rest`;
    await withInterruptionMessage(`Not all parameters are created: ${retry}`, async () => {
      try {
        await createOne(deployment, { name: parameters.vodKey, value: key, shown: '' }, context);
        for (const { parameter, generate } of Object.values<RotatableSecret>(ROTATABLE_SECRETS)) {
          const name = parameters[parameter];
          if (name === undefined) continue;
          const value = has(name) ? undefined : generate();
          await createOne(deployment, { name, value, shown: value === undefined ? '' : fingerprint(value) }, context);
        }
      } catch (error) {
        throw new Error(`${(error as Error).message}; then ${retry}`, { cause: error });
      }
    });
    return 0;
  },
});

interface NewSecret {
  readonly name: string;
  /** Absent where the parameter exists. */
  readonly value: string | undefined;
  /** The part of it that may be printed. */
  readonly shown: string;
}

async function createOne(
  deployment: Deployment,
  { name, value, shown }: NewSecret,
  { out }: CommandContext,
): Promise<void> {
  if (value === undefined) {
    out(`exists   ${name}`);
    return;
  }
  await putSecret(deployment, name, value, false);
  out(`created  ${name}  ${shown}`.trimEnd());
}

/** The parameters with values that come from VOD, and what to do about a missing one. */
function storedByHand({ vodApiKey, writeKey, playerKey, urlKey }: ParameterNames): [name: string, advice: string][] {
  const storeAsJson = 'store it there as JSON {"secretId": "...", "secretKey": "..."}';
  const advice = new Map([
    [vodApiKey, `the key pair for the server API: ${storeAsJson}`],
    [writeKey, `the key pair that deletes and forbids files: ${storeAsJson}`],
    [playerKey, "the player key (播放密钥): copy it from the default distribution configuration of VOD's console"],
    [urlKey, "the URL key: copy it from the Key hotlink protection (Key 防盗链) of the domain in VOD's console"],
  ]);
  return [...advice].flatMap(([name, text]) => (name === undefined ? [] : [[name, text]]));
}
