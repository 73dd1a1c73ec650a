import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { serve } from '../serve';

const ROOT = resolve(__dirname, '../../..');
const SDKS: Readonly<Record<string, string>> = { '1.8.0': 'vod-js-sdk-v6', '1.7.0': 'vod-js-sdk-v6-1.7' };

export interface ClientSite {
  /** A page with the client and that version of the vendor's SDK, which calls the backend on another origin. */
  readonly page: (sdk: string) => string;
  readonly close: () => Promise<void>;
}

/** An app's site with the client of this repository, under the Content-Security-Policy of docs/clients.md. */
export async function startClientSite(backendUrl: string): Promise<ClientSite> {
  const [page, client] = await Promise.all([readFile(join(__dirname, 'page.html')), bundleClient()]);
  const hosts = 'https://vod2.qcloud.com https://vod2.dnsv1.com https://vodreport.qcloud.com';
  const csp = [
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline'",
    `connect-src 'self' ${backendUrl} ${hosts} https://*.myqcloud.com http://*.myqcloud.com`,
  ].join('; ');
  const { port, close } = await serve((request, response) => {
    const [, version = '', file = ''] = (request.url ?? '').split('/');
    const sdk = SDKS[version];
    const send = (type: string, body: Buffer | string) => {
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': csp });
      response.end(body);
    };
    if (sdk === undefined) response.writeHead(404).end();
    else if (file === 'client.js') send('text/javascript', client);
    else if (file === 'sdk.js') {
      void readFile(join(ROOT, 'node_modules', sdk, 'dist/vod-js-sdk-v6.js')).then((body) => {
        send('text/javascript', body);
      });
    } else send('text/html', page.toString().replaceAll('BACKEND', backendUrl));
  });
  return { page: (sdk) => `http://localhost:${port}/${sdk}/`, close };
}

async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from './index'; export { zh } from './zh';", resolveDir: join(ROOT, 'client/src') },
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'client',
    external: ['vod-js-sdk-v6'],
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
