import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { certificateFor } from '../local/vod/certificate';
import { CACHE } from '../tests/support/node-majors';
import { NOTIFY_SECRET, PLAYER_KEY, SEAL_KEY, TOKEN, URL_KEY, VOD_KEY } from './values';

const VALUES: Readonly<Record<string, string>> = {
  '/bench/vod-key': JSON.stringify(VOD_KEY),
  '/bench/seal-key': SEAL_KEY,
  '/bench/callback-token': TOKEN,
  '/bench/notify-secret': NOTIFY_SECRET,
  '/bench/player-key': PLAYER_KEY,
  '/bench/url-key': URL_KEY,
};

/** SSM's GetParameters over HTTPS on loopback, the same for every variant. */
export async function startParameters() {
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
      VOD_API_KEY_PARAMETER: '/bench/vod-key',
      CALLBACK_TOKEN_PARAMETER: '/bench/callback-token',
      NOTIFY_SECRET_PARAMETER: '/bench/notify-secret',
      PLAYER_KEY_PARAMETER: '/bench/player-key',
      URL_KEY_PARAMETER: '/bench/url-key',
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
