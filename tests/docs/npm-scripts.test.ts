import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly '//': Readonly<Record<string, string>>;
}

const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;

describe.each(Object.entries(packageJson.scripts))('A20: npm run %s works in cmd.exe too', (_, script) => {
  const commands = script.split('&&').map((command) => command.trim());

  test('starts with node, npm or a program that npm ci installs, not with one of a Unix shell', () => {
    for (const command of commands) {
      const [program = ''] = command.split(' ');
      const isKnown = ['node', 'npm'].includes(program) || existsSync(join(ROOT, 'node_modules/.bin', program));
      expect([command, isKnown]).toEqual([command, true]);
    }
  });

  test('has nothing that only a Unix shell understands', () => {
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

test('every dependency has an exact version and a reason', () => {
  const { devDependencies, optionalDependencies, overrides } = packageJson;
  const all = { ...devDependencies, ...optionalDependencies, ...overrides };
  for (const [name, version] of Object.entries(all)) {
    expect([name, version]).toEqual([name, expect.stringMatching(/^(npm:\S+@)?\d+\.\d+\.\d+$/)]);
  }
  expect(Object.keys(packageJson['//']).sort()).toEqual(Object.keys(all).sort());
});

test('the lock file names no address to download from', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
