import { randomBytes, randomInt } from 'node:crypto';
import type { ParameterNames } from '../deployment/configuration';
import type { Deployment } from '../deployment/deployment';
import { CACHED_BY_FUNCTIONS, fingerprint, loadState, type Registered, type Rotation } from '../deployment/state';
import { adviseOn, deliverTest, describeDelivery } from '../notifications/test-notification';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** add: both values are accepted; use: the new one is used; drop: the old one is no longer accepted. */
export const STEP_NAMES = ['add', 'use', 'drop'] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** The values of a secret's SSM parameter, the one that is used first. */
export type Values = readonly [string, ...string[]];

export interface RotationState {
  readonly secretName: RotatableName;
  /** The name of the SSM parameter. */
  readonly parameter: string;
  readonly values: Values;
  /** Absent where no rotation is in progress. */
  readonly rotation: Rotation | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface NextStep {
  /** The name of the SSM parameter. */
  readonly parameter: string;
  /** When the functions have the values of this step, ISO 8601. */
  readonly from: string;
  /** The command that registers the new value at VOD. */
  readonly register: string;
  /** The command that takes a step. */
  readonly command: (step: StepName) => string;
}

/** Returns why the step cannot be taken now, or undefined. */
type Precondition = (
  state: RotationState,
  deployment: Deployment,
  now: () => number,
) => string | undefined | Promise<string | undefined>;

export interface RotationStep {
  readonly name: StepName;
  /** Checked in this order; the first problem refuses the step. */
  readonly preconditions: readonly Precondition[];
  /** Returns the parameter's values after the step. `register` gives VOD the first one, and seals are made with it. */
  readonly change: (values: Values, generated: string) => readonly string[];
  /** Returns the line that tells the operator what to do next. */
  readonly next: (next: NextStep) => string;
}

export interface RotatableSecret {
  readonly parameter: keyof ParameterNames;
  readonly generate: () => string;
  /** In the order in which they are taken. */
  readonly steps: readonly RotationStep[];
}

const firstStep: Precondition = ({ rotation }, { options }) => {
  if (rotation?.step === undefined) return undefined;
  return `a rotation is in progress, step ${rotation.step} is done (\`npm run vod -- secrets show ${options}\`)`;
};

/** Accepts the step only directly after another one. */
function requireStep(previous: StepName, refusal = ''): Precondition {
  return ({ rotation }) => {
    if (rotation?.step === undefined) return 'no rotation is in progress, begin with --step add';
    return rotation.step === previous ? undefined : refusal;
  };
}

const oneValue: Precondition = ({ parameter, values }) =>
  values.length === 1
    ? undefined
    : `${parameter} already has two values, from a rotation outside this command: finish that rotation first`;

const twoValues: Precondition = ({ parameter, values }) =>
  values.length === 2
    ? undefined
    : `${parameter} was changed outside this command: store its two values again, in their previous order, separated by a comma`;

const functionsHaveValues: Precondition = ({ rotation, now }) => {
  const readyAt = (rotation?.at ?? 0) + CACHED_BY_FUNCTIONS;
  if (now >= readyAt) return undefined;
  const reason = 'functions may still have the values from before the last step';
  return `not before ${new Date(readyAt).toISOString()}: ${reason}`;
};

/** VOD has the new value: the first one. */
function registeredAtVod(field: 'tokenFingerprint' | 'signKeyFingerprint'): Precondition {
  return async ({ values: [newValue] }, { ssm, parameters, options }) => {
    const registered = await loadState<Registered>(ssm, parameters.registered);
    if (registered?.[field] === fingerprint(newValue)) return undefined;
    return `VOD still has the old one, run \`npm run vod -- register ${options}\` first`;
  };
}

const acceptedByReceiver: Precondition = async ({ values: [newValue] }, { notifyUrl }, now) => {
  const { delivery } = await deliverTest(notifyUrl ?? '', [newValue], now);
  if (delivery.outcome === 'delivered') return undefined;
  const result = `a test that is signed with the new one alone was not accepted (${describeDelivery(delivery)})`;
  return `${result}: give your server the new one first; ${adviseOn(delivery)}`;
};

/** The other side accepts both values before the new one is used there. */
const ADD_BEFORE: Pick<RotationStep, 'name' | 'preconditions' | 'change'> = {
  name: 'add',
  preconditions: [firstStep, oneValue],
  change: ([old], generated) => [generated, old],
};

const ADD_THEN_REGISTER: RotationStep = {
  ...ADD_BEFORE,
  next: ({ from, register, command }) => `next, from ${from}: ${register}, and an hour later: ${command('drop')}`,
};

function drop(...preconditions: readonly Precondition[]): RotationStep {
  return {
    name: 'drop',
    preconditions,
    change: ([newValue]) => [newValue],
    next: () => 'done: the old one stops working within six minutes',
  };
}

/** Only a seal is made and checked on the same side; the other secrets change on the other side, between two steps. */
const SEAL_KEY_STEPS: readonly RotationStep[] = [
  {
    name: 'add',
    preconditions: [firstStep, oneValue],
    change: ([old], generated) => [old, generated],
    next: ({ from, command }) => `next, from ${from}: ${command('use')}`,
  },
  {
    name: 'use',
    preconditions: [requireStep('add', 'step use is done, the next step is drop'), twoValues, functionsHaveValues],
    change: ([old, newValue = '']) => [newValue, old],
    next: ({ command }) =>
      `next: ${command('drop')}, once everything signed so far has been uploaded: see docs/operations.md for when`,
  },
  drop(requireStep('use', 'the old key is still in use, the next step is use'), twoValues, functionsHaveValues),
];

const NOTIFY_SECRET_STEPS: readonly RotationStep[] = [
  {
    ...ADD_BEFORE,
    next: ({ from, parameter, command }) =>
      `next, from ${from}: give your server the new one, which stands before the comma in ${parameter}, then: ${command('drop')}`,
  },
  drop(requireStep('add'), twoValues, functionsHaveValues, acceptedByReceiver),
];

/** The secrets that are generated here and have two values during a rotation. */
export const ROTATABLE_SECRETS = {
  'seal-key': {
    parameter: 'sealKey',
    generate: () => randomBytes(32).toString('base64url'),
    steps: SEAL_KEY_STEPS,
  },
  'callback-token': {
    parameter: 'callbackToken',
    generate: () => randomBytes(32).toString('base64url'),
    steps: [
      ADD_THEN_REGISTER,
      drop(requireStep('add'), twoValues, functionsHaveValues, registeredAtVod('tokenFingerprint')),
    ],
  },
  'sign-key': {
    parameter: 'callbackSignKey',
    // VOD's bounds: 266/55244.
    generate: () => Array.from({ length: 32 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(''),
    steps: [
      ADD_THEN_REGISTER,
      drop(requireStep('add'), twoValues, functionsHaveValues, registeredAtVod('signKeyFingerprint')),
    ],
  },
  'notify-secret': {
    parameter: 'notifySecret',
    generate: () => `whsec_${randomBytes(32).toString('base64')}`,
    steps: NOTIFY_SECRET_STEPS,
  },
} as const satisfies Record<string, RotatableSecret>;

export type RotatableName = keyof typeof ROTATABLE_SECRETS;

export const ROTATABLE_NAMES = Object.keys(ROTATABLE_SECRETS) as readonly RotatableName[];
