import { randomBytes, randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CommandContext, ExitCode } from '../command-line/command';
import type { ParameterNames } from '../deployment/configuration';
import type { Deployment } from '../deployment/deployment';
import { putSecret, secretsOf } from '../deployment/secrets';
import {
  CACHED_BY_FUNCTIONS,
  fingerprint,
  loadState,
  saveState,
  type Registered,
  type Rotation,
  type Rotations,
} from '../deployment/state';
import { completing } from '../terminal/interruption';
import { adviseOn, deliverTest, describeDelivery } from '../notifications/test-notification';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Secrets that are made here and may have two values while they change. */
export const ROTATING = {
  'seal-key': { parameter: 'sealKey', make: () => randomBytes(32).toString('base64url') },
  'callback-token': { parameter: 'callbackToken', make: () => randomBytes(32).toString('base64url') },
  // As VOD bounds it (266/55244).
  'sign-key': {
    parameter: 'callbackSignKey',
    make: () => Array.from({ length: 32 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(''),
  },
  'notify-secret': { parameter: 'notifySecret', make: () => `whsec_${randomBytes(32).toString('base64')}` },
} as const satisfies Record<string, { parameter: keyof ParameterNames; make: () => string }>;

export type Rotating = keyof typeof ROTATING;

/** add: both values are accepted; use: the new one is used; drop: the old one ends. */
export const STEPS = ['add', 'use', 'drop'] as const;
export type Step = (typeof STEPS)[number];

export function isRotating(name: string): name is Rotating {
  return Object.hasOwn(ROTATING, name);
}

/** Only a seal is made with one value and checked with both: the others change hands outside, between two steps. */
export function stepsOf(which: Rotating): readonly Step[] {
  return which === 'seal-key' ? STEPS : ['add', 'drop'];
}

interface RotationState {
  readonly which: Rotating;
  readonly step: Step;
  /** Of the parameter. */
  readonly name: string;
  /** In SSM now. */
  readonly values: readonly [string, ...string[]];
  readonly rotations: Rotations;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Takes one step and prints the next one. A step that was interrupted is completed.
 *
 * @throws Error that says why the step cannot be taken now
 */
export async function rotate(
  deployment: Deployment,
  which: Rotating,
  step: Step,
  context: CommandContext,
): Promise<ExitCode> {
  const { parameters, ssm } = deployment;
  const { parameter, make } = ROTATING[which];
  const name = parameters[parameter];
  if (name === undefined) throw refusal(which, 'this deployment does not use one');
  const { parseSecretVersions } = await secretsOf(deployment);
  const values = parseSecretVersions(name);
  const rotations = (await loadState<Rotations>(ssm, parameters.rotation)) ?? {};
  const now = context.now();
  const state: RotationState = { which, step, name, values, rotations, now };
  const { [which]: rotation, ...rest } = rotations;
  const end: Rotations = step === 'drop' ? rest : { ...rest, [which]: { step, at: now } };

  if (rotation?.begun !== undefined && isDeepStrictEqual(values.map(fingerprint), rotation.begun.to)) {
    if (rotation.begun.step !== step) {
      throw refusal(which, `step ${rotation.begun.step} was interrupted after ${name} was changed, run it again first`);
    }
    await completeStep(deployment, state, () => saveState(ssm, parameters.rotation, end));
    printNextStep(deployment, state, values, context);
    return 0;
  }

  const problem = findProblem(deployment, state);
  if (problem !== undefined) throw refusal(which, problem);
  if (step === 'drop') await checkNewIsUsed(deployment, state, context);

  const changed = changeValues(state, make());
  const begun: Rotation = { ...rotation, begun: { step, at: now, to: changed.map(fingerprint) } };
  await completeStep(deployment, state, async () => {
    await saveState(ssm, parameters.rotation, { ...rotations, [which]: begun });
    await putSecret(deployment, name, changed.join(','), true);
    await saveState(ssm, parameters.rotation, end);
  });
  printNextStep(deployment, state, changed, context);
  return 0;
}

/** @throws Error with the command that completes the step */
async function completeStep(
  { options }: Pick<Deployment, 'options'>,
  { which, step }: RotationState,
  steps: () => Promise<void>,
): Promise<void> {
  const command = `npm run vod -- secrets rotate ${which} --step ${step} ${options}`;
  const again = `run \`${command}\` again, which completes the step`;
  await completing(`Step ${step} of ${which} is not complete: ${again}`, () =>
    steps().catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; then ${again}`, { cause: error });
    }),
  );
}

function refusal(which: Rotating, why: string): Error {
  return new Error(`Cannot rotate ${which}: ${why}`);
}

/** Why the step does not follow what is done and what SSM has. */
function findProblem(
  { options }: Pick<Deployment, 'options'>,
  { which, step, name, values, rotations, now }: RotationState,
): string | undefined {
  const { step: done, at = 0 } = rotations[which] ?? {};
  if (step === 'add') {
    if (done !== undefined) {
      return `a rotation is in progress, step ${done} is done (\`npm run vod -- secrets show ${options}\`)`;
    }
    const hasTwo = values.length > 1;
    return hasTwo ? `${name} already has two values, from a rotation by other means: finish that first` : undefined;
  }
  if (done === undefined) return 'no rotation is in progress, begin with --step add';
  if (values.length !== 2) return `${name} was changed by other means: it must have two values`;
  if (step === 'use' && done !== 'add') return 'step use is done, the next one is drop';
  if (step === 'drop' && which === 'seal-key' && done !== 'use') {
    return 'the old key is still in use, the next step is use';
  }
  const ready = at + CACHED_BY_FUNCTIONS;
  if (now >= ready) return undefined;
  return `not before ${new Date(ready).toISOString()}: functions may still have the values from before the last step`;
}

/** @throws Error while the other side still has the old value alone */
async function checkNewIsUsed(
  deployment: Deployment,
  { which, values }: RotationState,
  { now }: CommandContext,
): Promise<void> {
  const { ssm, parameters, options, notifyUrl } = deployment;
  const [first] = values;
  if (which === 'notify-secret') {
    const { delivery } = await deliverTest(notifyUrl ?? '', [first], now);
    if (delivery.outcome === 'delivered') return;
    const result = `a test that is signed with the new one alone was not accepted (${describeDelivery(delivery)})`;
    throw refusal(which, `${result}: give your server the new one first; ${adviseOn(delivery)}`);
  }
  if (which === 'seal-key') return;
  const before = await loadState<Registered>(ssm, parameters.registered);
  const registered = which === 'callback-token' ? before?.tokenFingerprint : before?.signKeyFingerprint;
  if (registered === fingerprint(first)) return;
  throw refusal(which, `VOD still has the old one, run \`npm run vod -- register ${options}\` first`);
}

/** The parameter's values after the step. The first one is what `register` gives to VOD, and what seals. */
function changeValues({ which, step, values }: RotationState, made: string): readonly string[] {
  const [first, second = ''] = values;
  if (step === 'drop') return [first];
  if (step === 'use') return [second, first];
  return which === 'seal-key' ? [first, made] : [made, first];
}

/** Prints the secret's fingerprints, and what comes next. */
function printNextStep(
  { options }: Pick<Deployment, 'options'>,
  { which, step, name, now }: RotationState,
  values: readonly string[],
  { out }: CommandContext,
): void {
  out(`${name}  ${values.map(fingerprint).join(', then ')}`);
  const from = new Date(now + CACHED_BY_FUNCTIONS).toISOString();
  const again = `npm run vod -- secrets rotate ${which} ${options} --step`;
  if (step === 'drop') out('done: the old one stops working within six minutes');
  else if (step === 'use') {
    out(`next: ${again} drop, once everything signed so far has been uploaded: see docs/rotation.md for when`);
  } else if (which === 'seal-key') out(`next, from ${from}: ${again} use`);
  else if (which === 'notify-secret') {
    out(
      `next, from ${from}: give your server the new one, which stands before the comma in ${name}, then: ${again} drop`,
    );
  } else out(`next, from ${from}: npm run vod -- register ${options}, and an hour later: ${again} drop`);
}
