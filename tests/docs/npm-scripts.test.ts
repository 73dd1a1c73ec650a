import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}

const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;

describe.each(Object.entries(packageJson.scripts))('npm run %s in cmd.exe', (_, script) => {
  const commands = script.split('&&').map((command) => command.trim());

  test('starts only node, npm and programs that npm ci installs', () => {
    for (const command of commands) {
      const [program = ''] = command.split(' ');
      const isKnown = ['node', 'npm'].includes(program) || existsSync(join(ROOT, 'node_modules/.bin', program));
      expect([command, isKnown]).toEqual([command, true]);
    }
  });

  test('contains no syntax of a Unix shell', () => {
    // Variables, substitutions, redirections, backgrounds, globs, single quotes, and a path that begins with ./
    expect(script.replaceAll('&&', '')).not.toMatch(/[$`<>&;|*?'(){}]|(^|\s)\.\//);
    for (const command of commands) expect(command).not.toMatch(/^\w+=/);
  });

  test('names files that exist', () => {
    const files = script.match(/\S+\.(?:ts|mjs|js|env|json|yaml)\b/g) ?? [];
    for (const file of files.map((name) => name.replace(/^--\S+=/, ''))) {
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    }
  });
});

describe('the partial test scripts', () => {
  const SCRIPTS = ['test:unit', 'test:integration', 'test:browser', 'test:deploy'];
  /** The paths that each script passes to jest. */
  const pathsOf = (script: string) => packageJson.scripts[script]?.match(/(?<=\s)tests\/\S+/g) ?? [];

  test('every test file that npm test runs belongs to exactly one of test:unit, :integration, :browser and :deploy', () => {
    const files = readdirSync(join(ROOT, 'tests'), { recursive: true, encoding: 'utf8' })
      .map((name) => `tests/${name.replaceAll('\\', '/')}`)
      .filter((name) => name.endsWith('.test.ts') && !name.startsWith('tests/examples/'));
    expect(files.length).toBeGreaterThan(150);
    const scriptsOf = (file: string) =>
      SCRIPTS.filter((script) => pathsOf(script).some((path) => file.startsWith(path)));
    expect(files.filter((file) => scriptsOf(file).length !== 1)).toEqual([]);
  });

  test('every path of a partial script is a folder', () => {
    for (const path of SCRIPTS.flatMap(pathsOf)) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  });

  test('npm test runs all of them: the rehearsal, and jest without a path', () => {
    expect(packageJson.scripts['test']).toMatch(/npm:rehearse jest$/);
  });
});

test('every dependency has an exact version, and a reason in docs/contributing.md', () => {
  const { dependencies, devDependencies, optionalDependencies, overrides } = packageJson;
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides };
  for (const [name, version] of Object.entries(all)) {
    expect([name, version]).toEqual([name, expect.stringMatching(/^(npm:\S+@)?\d+\.\d+\.\d+$/)]);
  }
  const [, section = ''] =
    /^## Dependencies$([^]*?)^## /m.exec(readFileSync(join(ROOT, 'docs/contributing.md'), 'utf8')) ?? [];
  const reasons = [...section.matchAll(/^\| `(.+?)` \| \S.* \|$/gm)].map(([, name]) => name);
  expect(reasons.sort()).toEqual(Object.keys(all).sort());
});

test('dependencies are the packages that functions bundle, and no others', () => {
  const files = ['functions', 'lib'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.d)\.(ts|js)$/.test(name))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  );
  const specifiers = files.flatMap((source) => [
    ...source.matchAll(/^import (?!type )[^;]*?from '([^']+)';$/gms),
    ...source.matchAll(/\b(?:import|require)\(['"]([^'"]+)['"]\)/g),
  ]);
  const packages = specifiers
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !/^(\.|node:)/.test(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0]);
  expect([...new Set(packages)].sort()).toEqual(Object.keys(packageJson.dependencies).sort());
});

test('the lock file contains no download URL', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
