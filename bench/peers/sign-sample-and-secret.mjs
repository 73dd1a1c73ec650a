// (c) plus one secret read: the same, with its key from SSM, signed with the package aws4 on bare node:https.
import { request } from 'node:https';
import { sign as signRequest } from 'aws4';
import { sign } from './sign-sample.mjs';

const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER, AWS_ENDPOINT_URL_SSM, AWS_REGION } = process.env;
let pair;

function read() {
  const { hostname, port, host } = new URL(AWS_ENDPOINT_URL_SSM);
  const options = signRequest({
    service: 'ssm',
    region: AWS_REGION,
    host,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameters' },
    body: JSON.stringify({ Names: [VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER], WithDecryption: true }),
  });
  return new Promise((resolve, reject) => {
    request({ ...options, hostname, port }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end(options.body);
  });
}

export async function handler() {
  pair ??= JSON.parse((await read()).Parameters.find(({ Name }) => Name === VOD_KEY_PARAMETER).Value);
  return { statusCode: 200, body: sign(pair.secretId, pair.secretKey) };
}
