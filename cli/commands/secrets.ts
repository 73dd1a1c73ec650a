import { keyPair } from '../../lib/vod/key-pair';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  type CommandContext,
  type ExitCode,
  type Command,
} from '../command';
import type { ParameterNames } from '../deployment/configuration';
import { deploymentOf, type Deployment } from '../deployment/deployment';
import { putSecret, secretsOf } from '../deployment/secrets';
import { fingerprint, loadState, type Rotations } from '../deployment/state';
import { isRotating, ROTATING, rotate, STEPS, stepsOf } from '../rotation';

export const secrets: Command = {
  summary: 'create, show (fingerprints only) and rotate the secrets in SSM',
  usage: `secrets create | show | rotate <which> --step <step> [options]

create   makes the parameters that do not exist yet, as SecureStrings: seal key, callback token, the SignKey where
         CALLBACK_SIGN_KEY_PARAMETER names one, and the notify secret where NOTIFY_URL is set, all random. The VOD key pair
         is read from the environment (VOD_SECRET_ID, VOD_SECRET_KEY), else from a prompt, or from a pipe as two lines.
         Never from an argument, which the list of processes shows. Existing parameters are not changed.
show     names, fingerprints and rotations in progress. Exit code 1 when one is missing.
rotate   takes one step and prints the next one. The functions cache a secret for five minutes: a step within six minutes
         of the last is refused. docs/rotation.md explains why, and how long to wait before the last step.
           callback-token, sign-key   add, (register), drop
           seal-key                   add, use, drop
           notify-secret              add, (give it to your server), drop
           vod-key                    replace (with another pair of the same account, read as above)

  --step <step>    add: both are accepted; use: the new one is used; drop: the old one ends
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values, positionals } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, step: { type: 'string' } },
      allowPositionals: true,
    });
    const [what, which, ...more] = positionals;
    if (more.length > 0 || (what !== 'rotate' && which !== undefined)) throw new UsageError('too many arguments');
    if (what === 'create') return create(await deploymentOf(values, context), context);
    if (what === 'show') return show(await deploymentOf(values, context), context);
    if (what !== 'rotate') throw new UsageError('secrets takes create, show or rotate');
    const known = [...STEPS, 'replace'] as const;
    const step = known.find((name) => name === values.step);
    if (!step) throw new UsageError(`--step must be one of: ${known.join(', ')}`);
    if (which === 'vod-key') {
      if (step !== 'replace') throw new UsageError('vod-key has one step: --step replace');
      return replaceKeyPair(await deploymentOf(values, context), context);
    }
    if (which === undefined || !isRotating(which)) {
      throw new UsageError(`rotate takes ${Object.keys(ROTATING).join(', ')} or vod-key`);
    }
    const allowed: readonly string[] = stepsOf(which);
    if (step === 'replace' || !allowed.includes(step)) {
      throw new UsageError(`${which} has the steps ${allowed.join(', ')}`);
    }
    return rotate(await deploymentOf(values, context), which, step, context);
  },
};

async function create(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const { parameters } = deployment;
  const { has } = await secretsOf(deployment);
  const key = has(parameters.vodKey) ? undefined : await askKeyPair(context);
  if (key !== undefined) {
    await putSecret(deployment, parameters.vodKey, key, false);
    context.out(`created  ${parameters.vodKey}`);
  } else {
    context.out(`exists   ${parameters.vodKey}`);
  }
  for (const [name, advice] of storedByHand(parameters)) {
    if (!has(name)) context.out(`missing  ${name}  ${advice}`);
  }
  for (const { parameter, make } of Object.values(ROTATING)) {
    const name = parameters[parameter];
    if (name === undefined) continue;
    if (has(name)) {
      context.out(`exists   ${name}`);
      continue;
    }
    const value = make();
    await putSecret(deployment, name, value, false);
    context.out(`created  ${name}  ${fingerprint(value)}`);
  }
  return 0;
}

/** The parameters whose values come from VOD, and what to do where one is missing. */
function storedByHand({ vodApiKey, writeKey, playerKey, urlKey }: ParameterNames): [name: string, advice: string][] {
  const advice = new Map([
    [vodApiKey, 'the key pair for the server API: store it there as JSON, like the other one'],
    [writeKey, 'the key pair that deletes and forbids files: store it there as JSON, like the other one'],
    [playerKey, "the player key (播放密钥): copy it from the default distribution configuration of VOD's console"],
    [urlKey, "the URL key: copy it from the Key hotlink protection (Key 防盗链) of the domain in VOD's console"],
  ]);
  return [...advice].flatMap(([name, text]) => (name === undefined ? [] : [[name, text]]));
}

async function show(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const { parameters, ssm } = deployment;
  const { keyPair: pairOf, parseSecretVersions } = await secretsOf(deployment);
  const rotations = await loadState<Rotations>(ssm, parameters.rotation);
  let code: ExitCode = 0;
  const line = (name: string | undefined, read: (name: string) => string) => {
    if (name === undefined) return;
    try {
      context.out(`${name}  ${read(name)}`);
    } catch (error) {
      context.out(`${name}  ${(error as Error).message}`);
      code = 1;
    }
  };
  const pair = (name: string) => {
    const { secretId, secretKey } = pairOf(name);
    return `${secretId}, secretKey ${fingerprint(secretKey)}`;
  };
  line(parameters.vodKey, pair);
  line(parameters.vodApiKey, pair);
  line(parameters.writeKey, pair);
  const prints = (name: string) => parseSecretVersions(name).map(fingerprint).join(', then ');
  line(parameters.playerKey, prints);
  line(parameters.urlKey, prints);
  for (const [which, { parameter }] of Object.entries(ROTATING)) {
    const { step, begun } = rotations?.[which] ?? {};
    const done = step === undefined ? [] : `step ${step} is done`;
    const notEnded = begun === undefined ? [] : `step ${begun.step} began and must be run again`;
    const steps = [done, notEnded].flat();
    const underWay = steps.length === 0 ? '' : `, rotation in progress: ${steps.join(', ')}`;
    line(parameters[parameter], (name) => `${prints(name)}${underWay}`);
  }
  return code;
}

async function replaceKeyPair(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const name = deployment.parameters.vodKey;
  const value = await askKeyPair(context);
  await putSecret(deployment, name, value, true);
  context.out(`${name}  ${keyPair(name, value).secretId}`);
  context.out(
    'next: disable the old key at Tencent in six minutes and VALID_FOR_MAX, when the signatures made with it have expired',
  );
  return 0;
}

/** The key pair as the parameter holds it. */
async function askKeyPair({ env, askSecrets }: CommandContext): Promise<string> {
  const given = [env['VOD_SECRET_ID'] ?? '', env['VOD_SECRET_KEY'] ?? ''];
  const [secretId = '', secretKey = ''] = given.every((one) => one !== '')
    ? given
    : await askSecrets(['secretId of the VOD key', 'secretKey of the VOD key']);
  if (secretId !== '' && secretKey !== '') return JSON.stringify({ secretId, secretKey });
  throw new Error('Cannot store the VOD key: set VOD_SECRET_ID and VOD_SECRET_KEY, or pass both on stdin, a line each');
}
