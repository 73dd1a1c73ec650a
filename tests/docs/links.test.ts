import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const FOLDERS = [
  'bench',
  'cli',
  'client',
  'deploy',
  'docs',
  'examples',
  'functions',
  'lib',
  'local',
  'scripts',
  'tests',
];
const IGNORED = /(^|\/)(node_modules|dist|peers|miniprogram_\w+)(\/|$)/;
/** A file, or a folder in backticks, of this project. */
const PATH = new RegExp(
  `(?<![\\w./-])(?:${FOLDERS.join('|')})/(?:[\\w./-]+\\.(?:ts|m?js|json|py|ya?ml|md|html|env)\\b|[\\w/-]+(?=\`))`,
  'g',
);

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const withoutBlocks = (text: string) => text.replace(/^( *)```[^]*?^\1```$/gm, '');
const filesIn = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
const files = [...readdirSync(ROOT), ...FOLDERS.flatMap(filesIn)].filter((name) => !IGNORED.test(name));
const documents = files.filter((name) => name.endsWith('.md'));
const sources = files.filter((name) => /\.(ts|m?js|jsx|vue|ya?ml|html)$/.test(name));

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return shown.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
}
const anchors = new Map(
  documents.map((name) => {
    const headings = withoutBlocks(read(name)).matchAll(/^#{1,6} +(.+?) *$/gm);
    return [name, [...headings].map(([, heading = '']) => anchorOf(heading))];
  }),
);

/** The broken ones of the links in a document, each with what is missing. */
function broken(document: string, links: readonly string[]): string[] {
  return links.flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = decodeURI(link).split('#');
    const target = path === '' ? document : relative(ROOT, resolve(ROOT, dirname(document), path));
    if (!existsSync(join(ROOT, target))) return [`${link}: there is no such file`];
    const isFound = anchor === undefined || anchors.get(target)?.includes(anchor) === true;
    return isFound ? [] : [`${link}: ${target} has no such heading`];
  });
}

test.each(documents)('the links in %s lead to files and headings that exist', (document) => {
  const text = withoutBlocks(read(document)).replace(/`[^`\n]*`/g, '');
  const links = text.matchAll(/\]\(<?([^\s)>]+)[^)]*\)|^\[[^\]]+\]: +(\S+)$/gm);
  expect(
    broken(
      document,
      [...links].map(([, inline, reference]) => inline ?? reference ?? ''),
    ),
  ).toEqual([]);
});

test.each(documents)('the files of this project that %s names exist', (document) => {
  const exists = (path: string) => existsSync(join(ROOT, path)) || existsSync(join(ROOT, dirname(document), path));
  expect((read(document).match(PATH) ?? []).filter((path) => !exists(path))).toEqual([]);
});

test.each(sources.filter((name) => read(name).includes('docs/')))('the documents that %s names exist', (name) => {
  expect(broken('README.md', read(name).match(/\bdocs\/[\w./-]+?\.md(?:#[^\s'"`).,:;]+)?/g) ?? [])).toEqual([]);
});
