// (c) plus one secret read: the same as sign-sample-and-secret, with the AWS SDK's client.
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { sign } from './sign-sample.mjs';

const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER } = process.env;
const ssm = new SSMClient();
let pair;

export async function handler() {
  const command = new GetParametersCommand({ Names: [VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER], WithDecryption: true });
  pair ??= JSON.parse((await ssm.send(command)).Parameters.find(({ Name }) => Name === VOD_KEY_PARAMETER).Value);
  return { statusCode: 200, body: sign(pair.secretId, pair.secretKey) };
}
