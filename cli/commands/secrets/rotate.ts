import { keyPair } from '../../../lib/vod/key-pair';
import { defineCommand } from '../../command-line/command';
import type { CommandContext } from '../../command-line/context';
import { UsageError } from '../../command-line/usage-error';
import type { Deployment } from '../../deployment/deployment';
import { findDeployment } from '../../deployment/find-deployment';
import { putSecret } from '../../deployment/secrets';
import { promptKeyPair } from '../../secrets/key-pair-input';
import { rotate } from '../../secrets/rotation';
import {
  ROTATABLE_NAMES,
  ROTATABLE_SECRETS,
  STEP_NAMES,
  type RotatableName,
  type RotationStep,
} from '../../secrets/rotation-steps';

const SEQUENCES = ROTATABLE_NAMES.map((name) => `${name}: ${stepNames(name).join(', ')}`);

export const rotateSecret = defineCommand({
  name: 'secrets rotate',
  summary: 'take one step of the rotation of a secret',
  description: `
    Takes one step and prints the next one. The functions cache a secret for five minutes, so a step within six minutes of
    the last one is refused. docs/operations.md explains the steps, and how long to wait before the last one.

    Steps of ${SEQUENCES.join('; ')}. vod-key has one step, replace: it stores another key pair of the same account, read
    as by \`secrets create\`.`,
  args: { secret: { description: 'the secret', choices: [...ROTATABLE_NAMES, 'vod-key'] } },
  options: {
    step: {
      value: 'step',
      isRequired: true,
      choices: [...STEP_NAMES, 'replace'],
      description: 'add: both values are accepted; use: the new one is used; drop: the old one is no longer accepted',
    },
  },

  run: async ({ options, args: { secret } }, context) => {
    const { step: stepName } = options;
    if (secret === 'vod-key') {
      if (stepName !== 'replace') throw new UsageError('--step of vod-key must be one of: replace');
      await replaceKeyPair(await findDeployment(options, context), context);
      return 0;
    }
    const steps: readonly RotationStep[] = ROTATABLE_SECRETS[secret].steps;
    const step = steps.find(({ name }) => name === stepName);
    if (!step) throw new UsageError(`--step of ${secret} must be one of: ${stepNames(secret).join(', ')}`);
    await rotate(await findDeployment(options, context), secret, step, context);
    return 0;
  },
});

function stepNames(name: RotatableName): string[] {
  return ROTATABLE_SECRETS[name].steps.map((step) => step.name);
}

async function replaceKeyPair(deployment: Deployment, context: CommandContext): Promise<void> {
  const name = deployment.parameters.vodKey;
  const value = await promptKeyPair(context);
  await putSecret(deployment, name, value, true);
  context.out(`${name}  ${keyPair(name, value).secretId}`);
  context.out(
    "next: disable the old key in Tencent Cloud's CAM console once six minutes plus VALID_FOR_MAX have passed: then the signatures made with it have expired",
  );
}
