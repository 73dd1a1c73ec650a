import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = join(__dirname, '../..');

/** From the top: a folder may import those of the levels below. `generated` may be imported by every folder. */
const LEVELS: readonly (readonly string[])[] = [
  ['functions'],
  ['lib/signing', 'lib/events', 'lib/verification', 'lib/notifications', 'lib/playback', 'lib/users'],
  ['lib/uploads'],
  ['lib/vod'],
  ['lib/platform'],
];

/** All folders with code of this project; the examples are projects of their own. */
const FOLDERS = ['bench', 'cli', 'client/src', 'deploy', 'functions', 'lib', 'local', 'scripts', 'tests'];

/** The scripts that tests may import: generators, to compare their output with the files in the repository. */
const GENERATORS = ['scripts/generate-openapi', 'scripts/generate-validators'];

interface Import {
  readonly from: string;
  /** A path of this project without its extension, or a package's name. */
  readonly to: string;
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !/\/(node_modules|peers|fixtures)\/|^lib\/generated\/.*\.js$/.test(file));
}

function importsOf(file: string): readonly Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const specifiers = [
    ...source.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)';$/gms),
    ...source.matchAll(/\b(?:import|require)\('([^']+)'\)/g),
    ...source.matchAll(/^import '([^']+)';$/gm),
  ].map(([, specifier = '']) => specifier);
  return specifiers.map((to) => ({
    from: file.replace(/\.(ts|js)$/, ''),
    to: to.startsWith('.')
      ? relative(root, resolve(root, dirname(file), to))
          .replaceAll('\\', '/')
          .replace(/\.(js|ts)$/, '')
      : to,
  }));
}

const folderOf = (path: string): string => {
  const [top = '', folder = ''] = path.split('/');
  return top === 'lib' || top === 'tests' ? `${top}/${folder}` : top;
};
const levelOf = (folder: string): number => LEVELS.findIndex((folders) => folders.includes(folder));

const allImports = FOLDERS.flatMap(filesIn).flatMap(importsOf);
const files = [...filesIn('lib'), ...filesIn('functions')];
const imports = allImports.filter(({ from }) => /^(lib|functions)\//.test(from));
const internal = imports.filter(({ to }) =>
  /^(lib|functions|cli|client|local|tests|bench|scripts|deploy|docs)\//.test(to),
);

test('the imports of lib and functions were found', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(internal.length).toBeGreaterThan(100);
  expect(internal).toContainEqual({ from: 'lib/uploads/merge', to: 'lib/vod/event' });
});

test('the rules name every folder of lib', () => {
  const folders = new Set(filesIn('lib').map(folderOf));
  const known = [...LEVELS.flat(), 'lib/generated'];
  expect([...folders].filter((folder) => !known.includes(folder))).toEqual([]);
});

test('lib and functions import nothing of cli, client, local, tests, bench, scripts or deploy', () => {
  expect(internal.filter(({ to }) => !/^(lib|functions)\//.test(to))).toEqual([]);
});

test('imports run one way: functions, then signing, events, verification, notifications, playback and users, then uploads, vod, platform', () => {
  const upwards = internal.filter(({ from, to }) => {
    if (folderOf(to) === 'lib/generated') return false;
    return levelOf(folderOf(to)) < levelOf(folderOf(from));
  });
  expect(upwards).toEqual([]);
});

test('folders of one level do not import each other', () => {
  const sideways = internal.filter(({ from, to }) => {
    return levelOf(folderOf(from)) === levelOf(folderOf(to)) && folderOf(from) !== folderOf(to);
  });
  expect(sideways).toEqual([]);
});

test('lib/generated imports no other folder of lib', () => {
  expect(internal.filter(({ from }) => folderOf(from) === 'lib/generated')).toEqual([]);
});

test('no file imports itself, directly or through other files', () => {
  const targets = new Map<string, readonly string[]>();
  for (const { from, to } of allImports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const to of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  }
  for (const file of targets.keys()) visit(file, []);
  expect(targets.size).toBeGreaterThan(500);
  expect(cycles).toEqual([]);
});

test('tests are imported by tests and bench only', () => {
  const importers = allImports.filter(({ to }) => to.startsWith('tests/')).map(({ from }) => folderOf(from));
  expect([...new Set(importers)].filter((folder) => folder !== 'bench' && !folder.startsWith('tests/'))).toEqual([]);
});

test('tests import no script, except the generators that they test', () => {
  const scripts = allImports.filter(({ from, to }) => from.startsWith('tests/') && to.startsWith('scripts/'));
  expect(scripts.filter(({ to }) => !GENERATORS.includes(to))).toEqual([]);
});

test('a folder of tests imports no other folder of tests, except tests/support', () => {
  const between = allImports.filter(({ from, to }) => {
    return from.startsWith('tests/') && to.startsWith('tests/') && folderOf(from) !== folderOf(to);
  });
  expect(between.length).toBeGreaterThan(100);
  expect(between.filter(({ to }) => folderOf(to) !== 'tests/support')).toEqual([]);
});

test('tests/unit imports nothing of cli, client, local or bench', () => {
  const unit = allImports.filter(({ from }) => from.startsWith('tests/unit/'));
  expect(unit.filter(({ to }) => /^(cli|client|local|bench)\//.test(to))).toEqual([]);
});

test("only uploads/store and uploads/by-uploader speak DynamoDB, and only vod/api loads the vendor's SDK", () => {
  const importers = (name: RegExp) => [
    ...new Set(imports.filter(({ from, to }) => from.startsWith('lib/') && name.test(to)).map(({ from }) => from)),
  ];
  expect(importers(/^lib\/platform\/dynamodb$/)).toEqual(['lib/uploads/by-uploader', 'lib/uploads/store']);
  expect(importers(/^@aws-sdk\/util-dynamodb$/)).toEqual([
    'lib/uploads/by-uploader',
    'lib/uploads/row-update',
    'lib/uploads/store',
  ]);
  expect(importers(/^tencentcloud-sdk-nodejs/)).toEqual(['lib/vod/api']);
});
