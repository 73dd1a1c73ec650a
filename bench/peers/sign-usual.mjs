// (a) Signing the usual way: the AWS SDK's client, ajv compiled at start.
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Ajv } from 'ajv';
import { respond, policyOf, signature, signingSchema } from './usual.mjs';

const ajv = new Ajv({ allErrors: true });
const validate = ajv.compile(signingSchema);
const ssm = new SSMClient();
const policy = policyOf(process.env);
const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER } = process.env;
let cached;

async function secrets() {
  if (cached && Date.now() < cached.until) return cached;
  const command = new GetParametersCommand({ Names: [VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER], WithDecryption: true });
  const { Parameters } = await ssm.send(command);
  const values = Object.fromEntries(Parameters.map(({ Name, Value }) => [Name, Value]));
  cached = {
    pair: JSON.parse(values[VOD_KEY_PARAMETER]),
    sealKey: values[SEAL_KEY_PARAMETER],
    until: Date.now() + 300_000,
  };
  return cached;
}

export async function handler(event, context) {
  const request = JSON.parse(event.body ?? '{}');
  if (!validate(request)) return respond(400, { title: 'Bad request', errors: validate.errors });
  if (request.procedure && !policy.procedures.includes(request.procedure))
    return respond(400, { title: 'Bad request' });
  const { pair, sealKey } = await secrets();
  const caller = event.requestContext.authorizer.jwt.claims.sub;
  const signed = signature(request, caller, pair, sealKey, policy);
  console.log(JSON.stringify({ level: 'info', requestId: context.awsRequestId, outcome: 'signed' }));
  return respond(200, signed);
}
