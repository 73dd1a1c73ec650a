import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { serve } from '../serve';

const MODULES = resolve(__dirname, '../../../node_modules');
const SDKS: Readonly<Record<string, string>> = { '1.8.0': 'vod-js-sdk-v6', '1.7.0': 'vod-js-sdk-v6-1.7' };

/** The CSP that docs/clients.md recommends to apps, and http to the storage, which a page on http uses. */
const CSP = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "connect-src 'self' https://vod2.qcloud.com https://vod2.dnsv1.com https://vodreport.qcloud.com https://*.myqcloud.com http://*.myqcloud.com",
].join('; ');

export interface Site {
  /** The page with that version of the vendor's SDK, as the vendor published it. */
  page(sdk: string): string;
  close(): Promise<void>;
}

/** An app's site: a page that uploads, and a way to the functions, as any front end's server has one in development. */
export async function startSite(functionsUrl: string): Promise<Site> {
  const { port, close } = await serve((request, response) => {
    handle(functionsUrl, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return { page: (sdk) => `http://localhost:${port}/${sdk}/`, close };
}

async function handle(functionsUrl: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, first = '', file] = (request.url ?? '').split('/');
  const sdk = SDKS[first];
  if (sdk !== undefined && file === '') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP });
    response.end(await readFile(join(__dirname, 'page.html')));
  } else if (sdk !== undefined && file === 'sdk.js') {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' });
    response.end(await readFile(join(MODULES, sdk, 'dist/vod-js-sdk-v6.js')));
  } else if (request.method === 'POST' && request.url === '/upload-signature') {
    const { authorization = '' } = request.headers;
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const signed = await fetch(`${functionsUrl}${request.url}`, { method: 'POST', headers: { authorization }, body });
    response.writeHead(signed.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(await signed.text());
  } else response.writeHead(404).end();
}
