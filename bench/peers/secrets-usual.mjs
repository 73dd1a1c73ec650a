// The secrets of the functions of (a): read with the AWS SDK's client, cached for five minutes.
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';

const ssm = new SSMClient();

/** Returns a function that resolves to the values of the parameters, by name. */
export function secretReader(...names) {
  let values;
  let expires = 0;
  return async () => {
    if (Date.now() < expires) return values;
    const { Parameters } = await ssm.send(new GetParametersCommand({ Names: names, WithDecryption: true }));
    values = Object.fromEntries(Parameters.map(({ Name, Value }) => [Name, Value]));
    expires = Date.now() + 300_000;
    return values;
  };
}
