import { randomBytes, randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { keyPair } from '../lib/vod/key-pair';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  type Edge,
  type ExitCode,
  type Verb,
} from './command';
import { deploymentOf, secretsOf, type Deployment, type ParameterNames } from './deployment';
import {
  fingerprint,
  KEPT_BY_FUNCTIONS,
  recall,
  remember,
  type Registered,
  type Rotation,
  type Rotations,
} from './memory';

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

export const secrets: Verb = {
  summary: 'create, show (fingerprints only) and rotate the secrets in SSM',
  usage: `secrets create | show | rotate <which> --step <step> [options]

create   makes the parameters that do not exist yet, as SecureStrings: seal key, callback token and, where
         CALLBACK_SIGN_KEY_PARAMETER names one, the SignKey, all random. The key pair of VOD is taken from the environment
         (VOD_SECRET_ID, VOD_SECRET_KEY), else asked for, or read from a pipe as two lines. Never as an argument: those can
         be seen in the list of processes. What exists is left as it is.
show     names, fingerprints and rotations under way. Exit code 1 when one is missing.
rotate   one step at a time, each says the next one. The functions keep a secret for five minutes: a step that comes within
         six is refused. docs/rotation.md says why, and how long to wait before the last one.
           callback-token, sign-key   add, (register), drop
           seal-key                   add, use, drop
           vod-key                    replace (with another pair of the same account, which is asked for as above)

  --step <step>    add: both are accepted; use: the new one is used; drop: the old one ends
${DEPLOYMENT_USAGE}`,

  run: async (args, edge) => {
    const { values, positionals } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, step: { type: 'string' } },
      allowPositionals: true,
    });
    const [what, which, ...more] = positionals;
    if (more.length > 0 || (what !== 'rotate' && which !== undefined)) throw new UsageError('That is a word too many');
    if (what === 'create') return create(await deploymentOf(values, edge), edge);
    if (what === 'show') return show(await deploymentOf(values, edge), edge);
    if (what !== 'rotate') throw new UsageError('secrets takes create, show or rotate');
    const step = STEPS.find((of) => of === values.step);
    if (!step) throw new UsageError(`--step must be one of ${STEPS.join(', ')}`);
    if (which === 'vod-key') {
      if (step !== 'replace') throw new UsageError('vod-key has one step: --step replace');
      return replaceKeyPair(await deploymentOf(values, edge), edge);
    }
    if (which !== 'seal-key' && which !== 'callback-token' && which !== 'sign-key') {
      throw new UsageError('rotate takes callback-token, sign-key, seal-key or vod-key');
    }
    const allowed: readonly Step[] = which === 'seal-key' ? ['add', 'use', 'drop'] : ['add', 'drop'];
    if (step === 'replace' || !allowed.includes(step))
      throw new UsageError(`${which} has the steps ${allowed.join(', ')}`);
    return rotate(await deploymentOf(values, edge), which, step, edge);
  },
};

async function create(deployment: Deployment, edge: Edge): Promise<ExitCode> {
  const { parameters } = deployment;
  const { has } = await secretsOf(deployment);
  const key = has(parameters.vodKey) ? undefined : await askKeyPair(edge);
  if (key !== undefined) {
    await put(deployment, parameters.vodKey, key, false);
    edge.out(`created  ${parameters.vodKey}`);
  } else {
    edge.out(`exists   ${parameters.vodKey}`);
  }
  if (parameters.vodApiKey !== undefined && !has(parameters.vodApiKey)) {
    edge.out(`missing  ${parameters.vodApiKey}  the pair for the server API: put it there as JSON, like the other one`);
  }
  for (const { parameter, make } of Object.values(ROTATING)) {
    const name = parameters[parameter];
    if (name === undefined) continue;
    if (has(name)) {
      edge.out(`exists   ${name}`);
      continue;
    }
    const value = make();
    await put(deployment, name, value, false);
    edge.out(`created  ${name}  ${fingerprint(value)}`);
  }
  return 0;
}

async function show(deployment: Deployment, edge: Edge): Promise<ExitCode> {
  const { parameters, ssm } = deployment;
  const { keyPair: pairOf, parseSecretVersions } = await secretsOf(deployment);
  const rotations = await recall<Rotations>(ssm, parameters.rotation);
  let code: ExitCode = 0;
  const line = (name: string | undefined, read: (name: string) => string) => {
    if (name === undefined) return;
    try {
      edge.out(`${name}  ${read(name)}`);
    } catch (error) {
      edge.out(`${name}  ${(error as Error).message}`);
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
    const notEnded = begun === undefined ? [] : `step ${begun.step} was begun and has to be run again`;
    const steps = [done, notEnded].flat();
    const underWay = steps.length === 0 ? '' : `, rotation under way: ${steps.join(', ')}`;
    line(parameters[parameter], (name) => `${parseSecretVersions(name).map(fingerprint).join(', then ')}${underWay}`);
  }
  return code;
}

async function rotate(
  deployment: Deployment,
  which: Rotating,
  step: Exclude<Step, 'replace'>,
  edge: Edge,
): Promise<ExitCode> {
  const { parameters, ssm, options } = deployment;
  const { parameter, make } = ROTATING[which];
  const name = parameters[parameter];
  if (name === undefined) throw new Error(`Cannot rotate ${which}: this deployment uses none`);
  const { parseSecretVersions } = await secretsOf(deployment);
  const [first, second, ...others] = parseSecretVersions(name);
  const rotations = (await recall<Rotations>(ssm, parameters.rotation)) ?? {};
  const under = rotations[which];
  const done = under?.step;
  const ready = (under?.at ?? 0) + KEPT_BY_FUNCTIONS;
  const refuse = (why: string) => new Error(`Cannot rotate ${which}: ${why}`);
  const now = edge.now();
  const isSeal = which === 'seal-key';
  const { [which]: _, ...rest } = rotations;
  const end: Rotations = step === 'drop' ? rest : { ...rest, [which]: { step, at: now } };
  const isStored =
    under?.begun !== undefined && isDeepStrictEqual(parseSecretVersions(name).map(fingerprint), under.begun.to);
  if (isStored && under.begun.step !== step) {
    throw refuse(`step ${under.begun.step} broke off when ${name} was changed, run it again first`);
  }
  if (isStored) {
    await remember(ssm, parameters.rotation, end);
    tell(options, which, step, name, parseSecretVersions(name), now, edge);
    return 0;
  }

  if (step === 'add') {
    if (done !== undefined)
      throw refuse(`a rotation is under way, step ${done} is done (\`npm run vod -- secrets show ${options}\`)`);
    if (second !== undefined)
      throw refuse(`${name} has two values already, of a rotation by other means: end that first`);
  } else {
    if (done === undefined) throw refuse('none is under way, begin with --step add');
    if (second === undefined || others.length > 0)
      throw refuse(`${name} was changed by other means: it must have two values`);
    if (step === 'use' && done !== 'add') throw refuse('step use is done, the next one is drop');
    if (step === 'drop' && isSeal && done !== 'use') throw refuse('the old key is still in use, the next step is use');
    if (now < ready)
      throw refuse(`not before ${new Date(ready).toISOString()}: functions may not know the last step yet`);
  }
  if (step === 'drop' && !isSeal) {
    const before = await recall<Registered>(ssm, parameters.registered);
    const registered = which === 'callback-token' ? before?.tokenFingerprint : before?.signKeyFingerprint;
    if (registered !== fingerprint(first)) {
      throw refuse(`VOD still has the old one, \`npm run vod -- register ${options}\` gives it the new one`);
    }
  }

  const made = make();
  const added = isSeal ? [first, made] : [made, first];
  // A token and a SignKey are checked: the first is what register gives to VOD. A seal is made with the first.
  const values = step === 'add' ? added : step === 'use' ? [second ?? '', first] : [first];
  const begun: Rotation = { ...under, begun: { step, at: now, to: values.map(fingerprint) } };
  await remember(ssm, parameters.rotation, { ...rotations, [which]: begun });
  await put(deployment, name, values.join(','), true);
  await remember(ssm, parameters.rotation, end);
  tell(options, which, step, name, values, now, edge);
  return 0;
}

/** What the secret is now, and what comes next. */
function tell(
  options: string,
  which: Rotating,
  step: Exclude<Step, 'replace'>,
  name: string,
  values: readonly string[],
  now: number,
  edge: Edge,
): void {
  const isSeal = which === 'seal-key';
  edge.out(`${name}  ${values.map(fingerprint).join(', then ')}`);
  const from = new Date(now + KEPT_BY_FUNCTIONS).toISOString();
  const again = `npm run vod -- secrets rotate ${which} ${options} --step`;
  if (step === 'add' && isSeal) edge.out(`next, from ${from}: ${again} use`);
  else if (step === 'add')
    edge.out(`next, from ${from}: npm run vod -- register ${options}, and an hour later: ${again} drop`);
  else if (step === 'use') {
    edge.out(`next: ${again} drop, once what was signed so far has been uploaded: docs/rotation.md says when`);
  } else edge.out('done: the old one ends within six minutes');
}

async function replaceKeyPair(deployment: Deployment, edge: Edge): Promise<ExitCode> {
  const name = deployment.parameters.vodKey;
  const value = await askKeyPair(edge);
  await put(deployment, name, value, true);
  edge.out(`${name}  ${keyPair(name, value).secretId}`);
  edge.out(
    'next: disable the old key at Tencent in six minutes and VALID_FOR_MAX, when the signatures made with it have expired',
  );
  return 0;
}

/** The key pair as the parameter holds it. */
async function askKeyPair({ env, askSecrets }: Edge): Promise<string> {
  const given = [env['VOD_SECRET_ID'] ?? '', env['VOD_SECRET_KEY'] ?? ''];
  const [secretId = '', secretKey = ''] = given.every((one) => one !== '')
    ? given
    : await askSecrets(['secretId of the VOD key', 'secretKey of the VOD key']);
  if (secretId !== '' && secretKey !== '') return JSON.stringify({ secretId, secretKey });
  throw new Error('Cannot store the VOD key: set VOD_SECRET_ID and VOD_SECRET_KEY, or give both on stdin, a line each');
}

async function put({ ssm }: Deployment, name: string, value: string, overwrite: boolean): Promise<void> {
  await ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString', Overwrite: overwrite }));
}
