import { keyPair } from '../../lib/vod/key-pair';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  type CommandContext,
  type ExitCode,
  type Command,
} from '../command-line/command';
import type { ParameterNames } from '../deployment/configuration';
import { deploymentOf, type Deployment } from '../deployment/deployment';
import { putSecret, secretsOf } from '../deployment/secrets';
import { fingerprint, loadState, type Rotations } from '../deployment/state';
import { completing } from '../terminal/interruption';
import { isRotating, ROTATING, rotate, STEPS, stepsOf } from '../secrets/rotation';
import { cleanSecret } from '../secrets/clean-secret';

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
    if (what !== 'rotate') throw new UsageError('secrets takes one of: create, show, rotate');
    const known = [...STEPS, 'replace'] as const;
    const step = known.find((name) => name === values.step);
    if (!step) throw new UsageError(`--step must be one of: ${known.join(', ')}`);
    if (which === 'vod-key') {
      if (step !== 'replace') throw new UsageError('--step of vod-key must be one of: replace');
      return replaceKeyPair(await deploymentOf(values, context), context);
    }
    if (which === undefined || !isRotating(which)) {
      throw new UsageError(`secrets rotate takes one of: ${Object.keys(ROTATING).join(', ')}, vod-key`);
    }
    const allowed: readonly string[] = stepsOf(which);
    if (step === 'replace' || !allowed.includes(step)) {
      throw new UsageError(`--step of ${which} must be one of: ${allowed.join(', ')}`);
    }
    return rotate(await deploymentOf(values, context), which, step, context);
  },
};

async function create(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const { parameters, options } = deployment;
  const { has } = await secretsOf(deployment);
  const key = has(parameters.vodKey) ? undefined : await askKeyPair(context);
  for (const [name, advice] of storedByHand(parameters)) {
    if (!has(name)) context.out(`missing  ${name}  ${advice}`);
  }
  const again = `run \`npm run vod -- secrets create ${options}\` again, which keeps what exists and makes the rest`;
  await completing(`Not all parameters are made: ${again}`, async () => {
    try {
      await createOne(deployment, { name: parameters.vodKey, value: key, shown: '' }, context);
      for (const { parameter, make } of Object.values(ROTATING)) {
        const name = parameters[parameter];
        if (name === undefined) continue;
        const value = has(name) ? undefined : make();
        await createOne(deployment, { name, value, shown: value === undefined ? '' : fingerprint(value) }, context);
      }
    } catch (error) {
      throw new Error(`${(error as Error).message}; then ${again}`, { cause: error });
    }
  });
  return 0;
}

interface NewSecret {
  readonly name: string;
  /** Absent where the parameter exists. */
  readonly value: string | undefined;
  /** What may be shown of it. */
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

/**
 * The key pair as the parameter holds it.
 *
 * @throws Error when it is not one; the message never contains it
 */
async function askKeyPair({ env, askSecrets }: CommandContext): Promise<string> {
  const given = [env['VOD_SECRET_ID'] ?? '', env['VOD_SECRET_KEY'] ?? ''];
  const [id = '', key = ''] = given.every((one) => one.trim() !== '')
    ? given
    : await askSecrets(['secretId of the VOD key', 'secretKey of the VOD key']);
  const refusal = (why: string) => new Error(`Cannot store the VOD key: ${why}`);
  let pair;
  try {
    pair = { secretId: cleanSecret('the secretId', id), secretKey: cleanSecret('the secretKey', key) };
  } catch (error) {
    throw refusal((error as Error).message);
  }
  if (pair.secretId === '' || pair.secretKey === '') {
    throw refusal('set VOD_SECRET_ID and VOD_SECRET_KEY, or pass both on stdin, a line each');
  }
  if (pair.secretKey.startsWith('AKID') && !pair.secretId.startsWith('AKID')) {
    throw refusal('secretId and secretKey are swapped, the secretId begins with AKID');
  }
  return JSON.stringify(pair);
}
