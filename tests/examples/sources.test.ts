import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { folderOf } from '../support/examples/processes';

// Checks without a server: the size of the examples, their versions, and the client as Vite bundles it.

const ROOT = resolve(__dirname, '../..');
const EXAMPLES = ['express', 'mini-program', 'react', 'vue'];
const run = promisify(execFile);

interface PackageJson {
  readonly version: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const packageOf = (...path: string[]) => JSON.parse(read(...path, 'package.json')) as PackageJson;

/** The files that belong to an example: all that git tracks or would track. */
async function filesOf(example: string): Promise<string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', `examples/${example}`];
  const { stdout } = await run('git', args, { cwd: ROOT });
  return stdout.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

test('examples/ contains express, mini-program, react and vue', () => {
  const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(EXAMPLES);
});

describe.each(EXAMPLES)('examples/%s', (example) => {
  const { scripts, dependencies, devDependencies = {} } = packageOf('examples', example);

  test('has at most 150 lines of source', async () => {
    const files = await filesOf(example);
    const sources = files.filter((file) => !/^(README(\.zh-CN)?\.md|package\.json)$/.test(basename(file)));
    const lines = sources.map((file) => read(file).trimEnd().split('\n').length);
    expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(150);
    // A line is one that a person reads.
    for (const file of sources) for (const line of read(file).split('\n')) expect(line.length).toBeLessThanOrEqual(130);
  });

  test('has a README in English and one in Chinese, each within 40 lines', async () => {
    const files = await filesOf(example);
    for (const name of ['README.md', 'README.zh-CN.md']) {
      expect(files).toContain(`examples/${example}/${name}`);
      expect(read('examples', example, name).split('\n').length).toBeLessThanOrEqual(40);
    }
  });

  test('has the same commands in both READMEs', () => {
    const commandsOf = (name: string) =>
      read('examples', example, name)
        .match(/```sh\n[^]*?```/g)
        ?.join('\n');
    const inEnglish = commandsOf('README.md')?.replace(/# in the root of this repository|# here/g, '#');
    expect(commandsOf('README.zh-CN.md')?.replace(/# 在本仓库根目录|# 在本目录/g, '#')).toBe(inEnglish);
    for (const [, script = ''] of inEnglish?.matchAll(/^npm run (\w+)$/gm) ?? [])
      expect(scripts).toHaveProperty(script);
  });

  test('has exact versions, those of this repository where it has the package too, and no lock file', async () => {
    const root = { ...packageOf('.').dependencies, ...packageOf('.').devDependencies };
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      const isClient = name === '@vod-client-upload/client';
      const expected = isClient ? `file:../../vod-client-upload-client-${packageOf('client').version}.tgz` : root[name];
      expect([name, version]).toEqual([name, expected ?? expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    }
    expect((await filesOf(example)).filter((file) => file.endsWith('package-lock.json'))).toEqual([]);
  });
});

test('examples/react and examples/vue call the backend by the same code', () => {
  expect(read('examples/vue/src/backend.js')).toBe(read('examples/react/src/backend.js'));
});

describe('the packed client in a bundle of Vite', () => {
  const app = folderOf('react');

  /** A library build, so that what is exported or has side effects is all that stays. */
  async function bundle(entry: string): Promise<string> {
    const config = `export default {
      logLevel: 'warn',
      build: { lib: { entry: 'entry.js', formats: ['es'], fileName: 'bundle' }, outDir: 'bundle', minify: true },
    };`;
    await writeFile(join(app, 'entry.js'), entry);
    await writeFile(join(app, 'bundle.config.js'), config);
    await run('npx', ['vite', 'build', '--config', 'bundle.config.js'], { cwd: app });
    const files = readdirSync(join(app, 'bundle')).map((name) => readFile(join(app, 'bundle', name), 'utf8'));
    return (await Promise.all(files)).join('\n');
  }
  afterAll(async () => {
    for (const name of ['entry.js', 'bundle.config.js', 'bundle']) await rm(join(app, name), { recursive: true });
  });

  test('contains the error class alone when only that is imported', async () => {
    const code = await bundle("import { UploadError } from '@vod-client-upload/client'; console.log(UploadError);");
    expect(code.length).toBeLessThan(700);
    expect(code).not.toContain('upload-signature');
  });

  test('contains the Chinese messages alone when only they are imported', async () => {
    const code = await bundle("import { zh } from '@vod-client-upload/client/zh'; console.log(zh);");
    expect(code).toContain('上传已取消');
    expect(code).not.toContain('upload-signature');
  });

  test('contains the upload code when it is used', async () => {
    const code = await bundle("export { createUploads } from '@vod-client-upload/client';");
    expect(code).toContain('upload-signature');
  });
});
