import { defineCommand } from '../../command-line/command';
import type { ExitCode } from '../../command-line/context';
import { findDeployment } from '../../deployment/find-deployment';
import { secretsOf } from '../../deployment/secrets';
import { fingerprint, loadState, type Rotations } from '../../deployment/state';
import { ROTATABLE_SECRETS } from '../../secrets/rotation-steps';

export const showSecrets = defineCommand({
  name: 'secrets show',
  summary: 'list the secrets with their fingerprints, and rotations in progress',
  description: 'Prints names and fingerprints, never values. Exit code 1 if a secret is missing.',

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const { parameters, ssm } = deployment;
    const { keyPair: pairOf, parseSecretVersions } = await secretsOf(deployment);
    const rotations = await loadState<Rotations>(ssm, parameters.rotation);
    let code: ExitCode = 0;
    const printLine = (name: string | undefined, read: (name: string) => string) => {
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
    printLine(parameters.vodKey, pair);
    printLine(parameters.vodApiKey, pair);
    printLine(parameters.writeKey, pair);
    const fingerprints = (name: string) => parseSecretVersions(name).map(fingerprint).join(', then ');
    printLine(parameters.playerKey, fingerprints);
    printLine(parameters.urlKey, fingerprints);
    for (const [secretName, { parameter }] of Object.entries(ROTATABLE_SECRETS)) {
      const { step, begun } = rotations?.[secretName] ?? {};
      const stepText = step === undefined ? [] : `step ${step} is done`;
      const interrupted = begun === undefined ? [] : `step ${begun.step} began and must be run again`;
      const steps = [stepText, interrupted].flat();
      const progress = steps.length === 0 ? '' : `, rotation in progress: ${steps.join(', ')}`;
      printLine(parameters[parameter], (name) => `${fingerprints(name)}${progress}`);
    }
    return code;
  },
});
