import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolveConfig, type ServerlessConfig } from '../../../local/config';

const CACHE = resolve(__dirname, '../../../.cache');
const LOCAL_URL = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/g;

/**
 * As {@link resolveConfig}, which takes seconds of CPU time: the framework resolves the same file with the same parameters
 * once, whatever the ports in its URLs, and the other test files and runs read the result.
 */
export async function resolveCached(
  projectDir: string,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<ServerlessConfig> {
  const urls = [...new Set(JSON.stringify(parameters).match(LOCAL_URL) ?? [])];
  const placeholderOf = (url: string) => `http://localhost:${60_001 + urls.indexOf(url)}`;
  const neutral = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value.replaceAll(LOCAL_URL, placeholderOf)]),
  );
  const hash = createHash('sha256').update(JSON.stringify([projectDir, neutral]));
  for (const file of sourcesOf(projectDir)) hash.update(readFileSync(file));
  const cached = join(CACHE, `config-${hash.digest('hex').slice(0, 16)}.json`);
  if (!existsSync(cached)) write(cached, await resolveConfig(projectDir, neutral, signal));
  let text = readFileSync(cached, 'utf8');
  for (const url of urls) text = text.replaceAll(placeholderOf(url), url);
  // Only the line above and the framework wrote it.
  return JSON.parse(text) as ServerlessConfig;
}

function sourcesOf(projectDir: string): string[] {
  const folders = ['deploy', 'own'].map((name) => join(projectDir, name)).filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) => readdirSync(folder, { withFileTypes: true }));
  return [
    join(projectDir, 'serverless.yml'),
    ...files.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)),
  ];
}

function write(file: string, config: ServerlessConfig): void {
  mkdirSync(CACHE, { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, JSON.stringify(config));
  renameSync(partial, file);
}
