// (c) plus one secret read: the same as sign-sample-and-secret, with the global fetch.
import { sign as signRequest } from 'aws4';
import { sign } from './sign-sample.mjs';

const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER, AWS_ENDPOINT_URL_SSM, AWS_REGION } = process.env;
let pair;

async function read() {
  const { headers, body } = signRequest({
    service: 'ssm',
    region: AWS_REGION,
    host: new URL(AWS_ENDPOINT_URL_SSM).host,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameters' },
    body: JSON.stringify({ Names: [VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER], WithDecryption: true }),
  });
  const { Host, 'Content-Length': length, ...rest } = headers;
  return (await fetch(AWS_ENDPOINT_URL_SSM, { method: 'POST', headers: rest, body })).json();
}

export async function handler() {
  pair ??= JSON.parse((await read()).Parameters.find(({ Name }) => Name === VOD_KEY_PARAMETER).Value);
  return { statusCode: 200, body: sign(pair.secretId, pair.secretKey) };
}
