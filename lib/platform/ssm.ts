import { awsJsonClient, type AwsService } from './aws-json';
import type { Environment } from './env';
import { asArray, asString, getField } from './json';
import type { RetryDeps } from './retry';

/**
 * The values of SSM parameters by name, decrypted, without those that do not exist; at most ten names, each once.
 *
 * @throws Error with SSM's refusal, or why it did not answer
 */
export type GetParameters = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;

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
export function parameterReader(env: Environment, deps: RetryDeps): GetParameters {
  const call = awsJsonClient(SSM, env, deps);
  return async (names) => {
    const request = { Names: names, WithDecryption: true };
    const answer = await call({ action: 'GetParameters', request, purpose: 'read secrets' });
    const values = new Map<string, string>();
    for (const parameter of asArray(getField(answer, 'Parameters'))) {
      const name = asString(getField(parameter, 'Name'));
      const value = asString(getField(parameter, 'Value'));
      if (name !== undefined && value !== undefined) values.set(name, value);
    }
    return values;
  };
}

/**
 * SSM's PutParameter of a String, which replaces the old value; arguments as for {@link awsJsonClient}. Returns a function
 * that throws an Error with SSM's refusal, or why it did not answer.
 */
export function parameterWriter(env: Environment, deps: RetryDeps) {
  const call = awsJsonClient(SSM, env, deps);
  return async (name: string, value: string): Promise<void> => {
    const request = { Name: name, Value: value, Type: 'String', Overwrite: true };
    await call({ action: 'PutParameter', request, purpose: 'save the checkpoint' });
  };
}
