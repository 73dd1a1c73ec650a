import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { certificateFor } from '../local/vod/certificate';
import { CACHE } from '../tests/support/node-majors';
import { SEAL_KEY, TOKEN, VOD_KEY } from './values';

const VALUES: Readonly<Record<string, string>> = {
  '/bench/vod-key': JSON.stringify(VOD_KEY),
  '/bench/seal-key': SEAL_KEY,
  '/bench/callback-token': TOKEN,
};

/** SSM's GetParameters over HTTPS on loopback, for every variant the same. */
export async function startSecrets() {
  const directory = join(CACHE, 'certificate');
  const pair = certificateFor(directory, ['localhost'], Date.now());
  const authority = join(directory, 'certificate.pem');
  writeFileSync(authority, pair.cert);
  const server = createServer(pair, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { Names: names } = JSON.parse(body) as { Names: string[] };
      const parameters = names.map((Name) => ({ Name, Type: 'SecureString', Value: VALUES[Name], Version: 1 }));
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ Parameters: parameters, InvalidParameters: [] }));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    env: {
      AWS_ENDPOINT_URL_SSM: `https://localhost:${(server.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: authority,
      VOD_KEY_PARAMETER: '/bench/vod-key',
      SEAL_KEY_PARAMETER: '/bench/seal-key',
      CALLBACK_TOKEN_PARAMETER: '/bench/callback-token',
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
