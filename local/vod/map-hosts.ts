import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reply, type Call } from './http';

export const MAP_HOSTS_PATH = '/map-hosts.js';

/**
 * Sends a script for a page that uploads with the vendor's Web SDK: it redirects requests for VOD's hosts to the origin
 * that the script was loaded from.
 */
export function handleMapHosts({ response }: Call): void {
  const module = readFileSync(join(__dirname, '../page/map-hosts.js'), 'utf8');
  const functions = module.replaceAll(/^export /gm, '');
  const script = `(() => {\n${functions}\nmapHosts(new URL(document.currentScript.src).origin);\n})();\n`;
  reply(response, 200, script, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
}
