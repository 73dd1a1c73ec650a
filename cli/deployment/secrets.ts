import { GetParametersCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { parseSecretVersions, readParameters } from '../../lib/platform/secrets';
import { keyPair } from '../../lib/vod/key-pair';
import { explainAws } from '../refusals';
import type { Deployment } from './deployment';

/**
 * Reads secrets of a deployment by their names.
 *
 * @throws Error that names the parameter which is missing, or contains SSM's reason
 */
export async function secretsOf({ ssm, parameters }: Pick<Deployment, 'ssm' | 'parameters'>) {
  const { vodKey, vodApiKey, sealKey, callbackToken, callbackSignKey, notifySecret } = parameters;
  const { playerKey, urlKey, writeKey } = parameters;
  // At most ten, which SSM takes in one call.
  const all = [vodKey, vodApiKey, sealKey, callbackToken, callbackSignKey, notifySecret, playerKey, urlKey, writeKey];
  const names = all.filter((name) => name !== undefined);
  const value = await readParameters((missing) => valuesOf(ssm, missing), names);
  return {
    keyPair: (name: string) => keyPair(name, value(name)),
    parseSecretVersions: (name: string) => parseSecretVersions(name, value(name)),
    has: (name: string) => {
      try {
        return value(name) !== '';
      } catch {
        return false;
      }
    },
  };
}

/** Uses the SDK's client, unlike the functions, because an operator's credentials have many possible sources. */
async function valuesOf(ssm: SSMClient, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  try {
    const { Parameters: parameters = [] } = await ssm.send(
      new GetParametersCommand({ Names: [...names], WithDecryption: true }),
    );
    return new Map(parameters.map(({ Name: name = '', Value: value = '' }) => [name, value]));
  } catch (error) {
    const need = { action: 'ssm:GetParameters', resource: names.join(', ') };
    throw new Error(`Cannot read secrets: ${explainAws(error, need)}`, { cause: error });
  }
}

/**
 * Stores a secret. Without `overwrite`, SSM refuses a name that exists.
 *
 * @throws Error that contains what to do
 */
export async function putSecret(
  { ssm }: Pick<Deployment, 'ssm'>,
  name: string,
  value: string,
  overwrite: boolean,
): Promise<void> {
  const parameter = { Name: name, Value: value, Type: 'SecureString', Overwrite: overwrite } as const;
  try {
    await ssm.send(new PutParameterCommand(parameter));
  } catch (error) {
    const reason = explainAws(error, { action: 'ssm:PutParameter', resource: name });
    throw new Error(`Cannot store ${name}: ${reason}`, { cause: error });
  }
}
