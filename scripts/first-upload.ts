import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isKnownHost } from '../local/network/callers';
import { listen, pathOf } from '../local/server';
import { portOf } from '../local/settings';
import { StartupError } from '../local/startup-error';

// `npm run first-upload`: serves docs/first-upload.html with the vendor's SDK, and no other file. `-- --port` or PORT sets the
// port, 3000 by default; CORS_ORIGINS of the deployment must have the page's origin.

const ROOT = resolve(__dirname, '..');
const PAGE = '/first-upload.html';

interface Served {
  readonly file: string;
  readonly type: string;
}

/** The files by their paths: a request never becomes part of a file name. */
const FILES: ReadonlyMap<string, Served> = new Map([
  [PAGE, { file: join(ROOT, 'docs', 'first-upload.html'), type: 'text/html; charset=utf-8' }],
  [
    '/vod-js-sdk-v6.js',
    { file: require.resolve('vod-js-sdk-v6/dist/vod-js-sdk-v6.js'), type: 'text/javascript; charset=utf-8' },
  ],
]);

/**
 * The port that is requested, and what requests it.
 *
 * @throws StartupError
 */
function requestedPort(): { readonly port: number; readonly setting: string } {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' } } });
    const { port } = values;
    if (port === undefined) return { port: portOf(process.env, 'PORT', 3000), setting: 'PORT' };
    return { port: portOf({ '--port': port }, '--port', 3000), setting: '--port' };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartupError(`${error.message.replace(/\.? To specify.*/, '')}. Available: --port <port>`);
  }
}

async function main(): Promise<void> {
  try {
    const requested = requestedPort();
    const { port } = await listen(
      async (request, response) => {
        const served = isKnownHost(request) ? FILES.get(pathOf(request)) : undefined;
        request.resume();
        if (!served) {
          response.writeHead(404, { 'content-type': 'text/plain' }).end(`Not found: open ${PAGE} on localhost\n`);
          return;
        }
        response.writeHead(200, { 'content-type': served.type, 'cache-control': 'no-store' });
        response.end(await readFile(served.file));
      },
      requested.port,
      requested.setting,
    );
    console.log(`Open http://localhost:${port}${PAGE}`);
    console.log(`CORS_ORIGINS of the deployment must have http://localhost:${port}. Ctrl-C ends it`);
  } catch (error) {
    console.error(error instanceof StartupError ? error.message : error);
    process.exitCode = 1;
  }
}

void main();
