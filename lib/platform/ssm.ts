import { awsJsonClient, type AwsJsonDeps, type CallOptions } from './aws-json';
import type { AwsService } from './aws-request';
import type { Environment } from './env';
import { asArray, asString, getField } from './json';

/**
 * The values of SSM parameters by name, decrypted, without those that do not exist; at most ten names, each once.
 *
 * All functions of an account and region share 40 calls a second, also with other software: SSM throttles what is beyond.
 *
 * @throws Error with SSM's refusal, or why it did not respond
 */
export type GetParameters = (names: readonly string[], options?: CallOptions) => Promise<ReadonlyMap<string, string>>;

const SSM: AwsService = {
  name: 'ssm',
  title: 'SSM',
  target: 'AmazonSSM',
  contentType: 'application/x-amz-json-1.1',
  advice: [
    [/^AccessDenied/, "the function's role needs ssm:ACTION on them, and kms:Decrypt if their key is your own"],
    [/^(InvalidKeyId|KMS)/, "their KMS key must exist, be enabled and let the function's role decrypt"],
  ],
};

/** SSM's GetParameters; arguments as for {@link awsJsonClient}. */
export function parameterReader(env: Environment, deps: AwsJsonDeps): GetParameters {
  const call = awsJsonClient(SSM, env, deps);
  return async (names, options) => {
    const request = { Names: names, WithDecryption: true };
    const response = await call({ action: 'GetParameters', request, purpose: 'read secrets', ...options });
    const values = new Map<string, string>();
    for (const parameter of asArray(getField(response, 'Parameters'))) {
      const name = asString(getField(parameter, 'Name'));
      const value = asString(getField(parameter, 'Value'));
      if (name !== undefined && value !== undefined) values.set(name, value);
    }
    return values;
  };
}

/**
 * SSM's PutParameter of a String, which replaces the old value; arguments as for {@link awsJsonClient}. Returns a
 * function that throws an Error with SSM's refusal, or why it did not respond.
 */
export function parameterWriter(env: Environment, deps: AwsJsonDeps) {
  const call = awsJsonClient(SSM, env, deps);
  return async (name: string, value: string): Promise<void> => {
    const request = { Name: name, Value: value, Type: 'String', Overwrite: true };
    await call({ action: 'PutParameter', request, purpose: 'save the checkpoint' });
  };
}
