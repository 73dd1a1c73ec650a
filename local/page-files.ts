import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { PAGE } from './local-access';

const FOLDER = join(__dirname, 'page');
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
/** Every file of the page by its path: a request never becomes part of a file name. */
const FILES: ReadonlyMap<string, string> = new Map([
  [PAGE, join(FOLDER, 'index.html')],
  ...loadedFiles().map((file) => [`/local/page/${relative(FOLDER, file).split(sep).join('/')}`, file] as const),
  ['/local/sdk/vod-js-sdk-v6.js', require.resolve('vod-js-sdk-v6/dist/vod-js-sdk-v6.js')],
]);
const CLIENT_PATH = '/local/client/';

export interface PageFile {
  readonly content: Buffer | string;
  readonly contentType: string;
}

/**
 * A file of the page, undefined if there is none at this path.
 *
 * @param clientModules the client package by file name
 */
export async function readPageFile(
  path: string,
  clientModules: ReadonlyMap<string, string>,
): Promise<PageFile | undefined> {
  const file = FILES.get(path);
  const content = file === undefined ? clientModuleAt(path, clientModules) : await readFile(file);
  return content === undefined
    ? undefined
    : { content, contentType: CONTENT_TYPES[extname(file ?? path)] ?? 'application/octet-stream' };
}

/** @param vodUrl the only other origin that the page may load from and send to */
export function sendPageFile(response: ServerResponse, { content, contentType }: PageFile, vodUrl: string): void {
  response.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': [
      "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'",
      `frame-ancestors 'none'; connect-src 'self' ${vodUrl}; media-src ${vodUrl}; img-src 'self' data: ${vodUrl}`,
    ].join('; '),
  });
  response.end(content);
}

/** The scripts and style sheets of the page. */
function loadedFiles(): string[] {
  return readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter(({ name }) => ['.js', '.css'].includes(extname(name)))
    .map(({ parentPath, name }) => join(parentPath, name));
}

function clientModuleAt(path: string, clientModules: ReadonlyMap<string, string>): string | undefined {
  return path.startsWith(CLIENT_PATH) ? clientModules.get(path.slice(CLIENT_PATH.length)) : undefined;
}
