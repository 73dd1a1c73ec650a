import { isDeepStrictEqual } from 'node:util';
import type { CommandContext } from '../command-line/context';
import type { Deployment } from '../deployment/deployment';
import { putSecret, secretsOf } from '../deployment/secrets';
import {
  CACHED_BY_FUNCTIONS,
  fingerprint,
  loadState,
  saveState,
  type Rotation,
  type Rotations,
} from '../deployment/state';
import { withInterruptionMessage } from '../terminal/interruption';
import { ROTATABLE_SECRETS, type RotatableName, type RotationState, type RotationStep } from './rotation-steps';

/**
 * Takes one step of a rotation and prints the next one. A step that was interrupted after the secret was stored is completed
 * without another change.
 *
 * @throws Error that contains the first precondition that is not met, or the failure and the command that completes the step
 */
export async function rotate(
  deployment: Deployment,
  secretName: RotatableName,
  step: RotationStep,
  { now, out }: Pick<CommandContext, 'now' | 'out'>,
): Promise<void> {
  const { parameters, ssm } = deployment;
  const { parameter: key, generate } = ROTATABLE_SECRETS[secretName];
  const parameter = parameters[key];
  if (parameter === undefined) throw refusal(secretName, 'this deployment does not use one');
  const values = (await secretsOf(deployment)).parseSecretVersions(parameter);
  const rotations = (await loadState<Rotations>(ssm, parameters.rotation)) ?? {};
  const rotation = rotations[secretName];
  const state: RotationState = { secretName, parameter, values, rotation, now: now() };

  let newValues: readonly string[] = values;
  if (!isStored(state, step)) {
    for (const precondition of step.preconditions) {
      const problem = await precondition(state, deployment, now);
      if (problem !== undefined) throw refusal(secretName, problem);
    }
    newValues = step.change(values, generate());
  }
  await completeStep(deployment, state, step, async () => {
    if (newValues !== values) {
      const begun = { step: step.name, at: state.now, to: newValues.map(fingerprint) };
      await saveState(ssm, parameters.rotation, { ...rotations, [secretName]: { ...rotation, begun } });
      await putSecret(deployment, parameter, newValues.join(','), true);
    }
    await saveState(ssm, parameters.rotation, stateAfter(rotations, state, step));
  });
  out(`${parameter}  ${newValues.map(fingerprint).join(', then ')}`);
  out(nextLine(deployment, state, step));
}

/**
 * Whether an earlier run of this step stored the secret but not that the step is done.
 *
 * @throws Error where that was a run of another step
 */
function isStored({ secretName, parameter, values, rotation }: RotationState, { name }: RotationStep): boolean {
  const begun = rotation?.begun;
  if (begun === undefined || !isDeepStrictEqual(values.map(fingerprint), begun.to)) return false;
  if (begun.step === name) return true;
  throw refusal(secretName, `step ${begun.step} was interrupted after ${parameter} was changed, run it again first`);
}

/** The rotations in progress after the step; the last step ends its rotation. */
function stateAfter(rotations: Rotations, { secretName, now }: RotationState, { name }: RotationStep): Rotations {
  const { [secretName]: _, ...others } = rotations;
  if (name === 'drop') return others;
  const rotation: Rotation = { step: name, at: now };
  return { ...others, [secretName]: rotation };
}

/** @throws Error with the command that completes the step */
async function completeStep(
  { options }: Pick<Deployment, 'options'>,
  { secretName }: RotationState,
  { name }: RotationStep,
  writes: () => Promise<void>,
): Promise<void> {
  const command = `npm run vod -- secrets rotate ${secretName} --step ${name} ${options}`;
  const retry = `run \`${command}\` again, which completes the step`;
  await withInterruptionMessage(`Step ${name} of ${secretName} is not complete: ${retry}`, () =>
    writes().catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; then ${retry}`, { cause: error });
    }),
  );
}

function refusal(secretName: RotatableName, problem: string): Error {
  return new Error(`Cannot rotate ${secretName}: ${problem}`);
}

function nextLine(
  { options }: Pick<Deployment, 'options'>,
  { secretName, parameter, now }: RotationState,
  { next }: RotationStep,
): string {
  return next({
    parameter,
    from: new Date(now + CACHED_BY_FUNCTIONS).toISOString(),
    register: `npm run vod -- register ${options}`,
    command: (step) => `npm run vod -- secrets rotate ${secretName} ${options} --step ${step}`,
  });
}
