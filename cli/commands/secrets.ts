import { randomBytes, randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
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
import { secretsOf } from '../deployment/secrets';
import {
  fingerprint,
  CACHED_BY_FUNCTIONS,
  loadState,
  saveState,
  type Registered,
  type Rotation,
  type Rotations,
} from '../deployment/state';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Secrets that are made here and may have two values while they change. */
const ROTATING = {
  'seal-key': { parameter: 'sealKey', make: () => randomBytes(32).toString('base64url') },
  'callback-token': { parameter: 'callbackToken', make: () => randomBytes(32).toString('base64url') },
  // As VOD bounds it (266/55244).
  'sign-key': {
    parameter: 'callbackSignKey',
    make: () => Array.from({ length: 32 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(''),
  },
} as const satisfies Record<string, { parameter: keyof ParameterNames; make: () => string }>;

type Rotating = keyof typeof ROTATING;

const STEPS = ['add', 'use', 'drop', 'replace'] as const;
type Step = (typeof STEPS)[number];

export const secrets: Command = {
  summary: 'create, show (fingerprints only) and rotate the secrets in SSM',
  usage: `secrets create | show | rotate <which> --step <step> [options]

create   makes the parameters that do not exist yet, as SecureStrings: seal key, callback token and, where
         CALLBACK_SIGN_KEY_PARAMETER names one, the SignKey, all random. The VOD key pair is read from the environment
         (VOD_SECRET_ID, VOD_SECRET_KEY), else from a prompt, or from a pipe as two lines. Never from an argument, which
         the list of processes shows. Existing parameters are not changed.
show     names, fingerprints and rotations in progress. Exit code 1 when one is missing.
rotate   takes one step and prints the next one. The functions cache a secret for five minutes: a step within six minutes
         of the last is refused. docs/rotation.md explains why, and how long to wait before the last step.
           callback-token, sign-key   add, (register), drop
           seal-key                   add, use, drop
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
    const step = STEPS.find((known) => known === values.step);
    if (!step) throw new UsageError(`--step must be one of: ${STEPS.join(', ')}`);
    if (which === 'vod-key') {
      if (step !== 'replace') throw new UsageError('vod-key has one step: --step replace');
      return replaceKeyPair(await deploymentOf(values, context), context);
    }
    if (which !== 'seal-key' && which !== 'callback-token' && which !== 'sign-key') {
      throw new UsageError('rotate takes callback-token, sign-key, seal-key or vod-key');
    }
    const allowed: readonly Step[] = which === 'seal-key' ? ['add', 'use', 'drop'] : ['add', 'drop'];
    if (step === 'replace' || !allowed.includes(step))
      throw new UsageError(`${which} has the steps ${allowed.join(', ')}`);
    return rotate(await deploymentOf(values, context), which, step, context);
  },
};

async function create(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const { parameters } = deployment;
  const { has } = await secretsOf(deployment);
  const key = has(parameters.vodKey) ? undefined : await askKeyPair(context);
  if (key !== undefined) {
    await put(deployment, parameters.vodKey, key, false);
    context.out(`created  ${parameters.vodKey}`);
  } else {
    context.out(`exists   ${parameters.vodKey}`);
  }
  if (parameters.vodApiKey !== undefined && !has(parameters.vodApiKey)) {
    context.out(
      `missing  ${parameters.vodApiKey}  the key pair for the server API: store it there as JSON, like the other one`,
    );
  }
  for (const { parameter, make } of Object.values(ROTATING)) {
    const name = parameters[parameter];
    if (name === undefined) continue;
    if (has(name)) {
      context.out(`exists   ${name}`);
      continue;
    }
    const value = make();
    await put(deployment, name, value, false);
    context.out(`created  ${name}  ${fingerprint(value)}`);
  }
  return 0;
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
  for (const [which, { parameter }] of Object.entries(ROTATING)) {
    const { step, begun } = rotations?.[which] ?? {};
    const done = step === undefined ? [] : `step ${step} is done`;
    const notEnded = begun === undefined ? [] : `step ${begun.step} began and must be run again`;
    const steps = [done, notEnded].flat();
    const underWay = steps.length === 0 ? '' : `, rotation in progress: ${steps.join(', ')}`;
    line(parameters[parameter], (name) => `${parseSecretVersions(name).map(fingerprint).join(', then ')}${underWay}`);
  }
  return code;
}

async function rotate(
  deployment: Deployment,
  which: Rotating,
  step: Exclude<Step, 'replace'>,
  context: CommandContext,
): Promise<ExitCode> {
  const { parameters, ssm, options } = deployment;
  const { parameter, make } = ROTATING[which];
  const name = parameters[parameter];
  if (name === undefined) throw new Error(`Cannot rotate ${which}: this deployment does not use one`);
  const { parseSecretVersions } = await secretsOf(deployment);
  const [first, second, ...others] = parseSecretVersions(name);
  const rotations = (await loadState<Rotations>(ssm, parameters.rotation)) ?? {};
  const under = rotations[which];
  const done = under?.step;
  const ready = (under?.at ?? 0) + CACHED_BY_FUNCTIONS;
  const refuse = (why: string) => new Error(`Cannot rotate ${which}: ${why}`);
  const now = context.now();
  const isSeal = which === 'seal-key';
  const { [which]: _, ...rest } = rotations;
  const end: Rotations = step === 'drop' ? rest : { ...rest, [which]: { step, at: now } };
  const isStored =
    under?.begun !== undefined && isDeepStrictEqual(parseSecretVersions(name).map(fingerprint), under.begun.to);
  if (isStored && under.begun.step !== step) {
    throw refuse(`step ${under.begun.step} was interrupted after ${name} was changed, run it again first`);
  }
  if (isStored) {
    await saveState(ssm, parameters.rotation, end);
    printNextStep(options, which, step, name, parseSecretVersions(name), now, context);
    return 0;
  }

  if (step === 'add') {
    if (done !== undefined)
      throw refuse(`a rotation is in progress, step ${done} is done (\`npm run vod -- secrets show ${options}\`)`);
    if (second !== undefined)
      throw refuse(`${name} already has two values, from a rotation by other means: finish that first`);
  } else {
    if (done === undefined) throw refuse('no rotation is in progress, begin with --step add');
    if (second === undefined || others.length > 0)
      throw refuse(`${name} was changed by other means: it must have two values`);
    if (step === 'use' && done !== 'add') throw refuse('step use is done, the next one is drop');
    if (step === 'drop' && isSeal && done !== 'use') throw refuse('the old key is still in use, the next step is use');
    if (now < ready)
      throw refuse(
        `not before ${new Date(ready).toISOString()}: functions may still have the values from before the last step`,
      );
  }
  if (step === 'drop' && !isSeal) {
    const before = await loadState<Registered>(ssm, parameters.registered);
    const registered = which === 'callback-token' ? before?.tokenFingerprint : before?.signKeyFingerprint;
    if (registered !== fingerprint(first)) {
      throw refuse(`VOD still has the old one, run \`npm run vod -- register ${options}\` first`);
    }
  }

  const made = make();
  const added = isSeal ? [first, made] : [made, first];
  // A token and a SignKey are checked: the first is what register gives to VOD. A seal is made with the first.
  const values = step === 'add' ? added : step === 'use' ? [second ?? '', first] : [first];
  const begun: Rotation = { ...under, begun: { step, at: now, to: values.map(fingerprint) } };
  await saveState(ssm, parameters.rotation, { ...rotations, [which]: begun });
  await put(deployment, name, values.join(','), true);
  await saveState(ssm, parameters.rotation, end);
  printNextStep(options, which, step, name, values, now, context);
  return 0;
}

/** Prints the secret's fingerprints, and what comes next. */
function printNextStep(
  options: string,
  which: Rotating,
  step: Exclude<Step, 'replace'>,
  name: string,
  values: readonly string[],
  now: number,
  context: CommandContext,
): void {
  const isSeal = which === 'seal-key';
  context.out(`${name}  ${values.map(fingerprint).join(', then ')}`);
  const from = new Date(now + CACHED_BY_FUNCTIONS).toISOString();
  const again = `npm run vod -- secrets rotate ${which} ${options} --step`;
  if (step === 'add' && isSeal) context.out(`next, from ${from}: ${again} use`);
  else if (step === 'add')
    context.out(`next, from ${from}: npm run vod -- register ${options}, and an hour later: ${again} drop`);
  else if (step === 'use') {
    context.out(`next: ${again} drop, once everything signed so far has been uploaded: see docs/rotation.md for when`);
  } else context.out('done: the old one stops working within six minutes');
}

async function replaceKeyPair(deployment: Deployment, context: CommandContext): Promise<ExitCode> {
  const name = deployment.parameters.vodKey;
  const value = await askKeyPair(context);
  await put(deployment, name, value, true);
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

async function put({ ssm }: Deployment, name: string, value: string, overwrite: boolean): Promise<void> {
  await ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString', Overwrite: overwrite }));
}
