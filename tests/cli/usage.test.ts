import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand, selectCommand } from '../../cli/command-line/command';
import { allCommands, synopsis } from '../../cli/command-line/usage';
import { COMMANDS } from '../../cli/commands/list';
import { vod } from '../support/cli/cli';

const commands = allCommands(COMMANDS);
const readGuide = (name: string) => readFileSync(join(__dirname, '../../docs', name), 'utf8');
const docs = readGuide('cli.md');

/** The arguments of the last call of the command below. */
let parsed: unknown;

const example = defineCommand({
  name: 'example run',
  summary: 'do something',
  description: 'Does something.',
  args: { kind: { description: 'what to run', choices: ['one', 'two'] } },
  options: {
    count: { value: 'number', isInteger: true, description: 'how many' },
    mode: { value: 'mode', description: 'how', choices: ['fast', 'slow'], default: 'fast' },
    to: { value: 'url', isRequired: true, description: 'for example http://localhost' },
    quiet: { description: 'print nothing' },
  },
  run: (input) => {
    parsed = input;
    return Promise.resolve(0);
  },
});

const run = (...words: string[]) => example.run(words, undefined as never);

test('parse > options and arguments get the types and defaults of their tables', async () => {
  await run('one', '--to', 'x', '--count=-3', '--stage', 'prod');
  expect(parsed).toEqual({
    args: { kind: 'one' },
    options: {
      count: -3,
      mode: 'fast',
      to: 'x',
      quiet: false,
      stage: 'prod',
      region: undefined,
      'aws-profile': undefined,
      local: false,
    },
  });
});

test.each([
  [['one', '--to', 'x', '--loud'], /^Unknown option "--loud"\. Available: --count, --mode, --to, --quiet, --stage, /],
  [['one', '--to', 'x', '-q'], /^Unknown option "-q"\. Available: /],
  [['one'], /^--to <url> is missing: for example http:\/\/localhost$/],
  [['one', '--to'], /^--to requires a value: --to <url>$/],
  [['one', '--to', '--quiet'], /^--to is followed by "--quiet": write --to=--quiet if that is its value$/],
  [['one', '--to', 'x', '--quiet=yes'], /^--quiet takes no value$/],
  [['one', '--to', 'x', '--mode', 'medium'], /^--mode must be one of: fast, slow, not "medium"$/],
  [['one', '--to', 'x', '--count', '1.5'], /^--count must be a whole number, not "1\.5"$/],
  [['--to', 'x'], /^<kind> is missing: one of: one, two$/],
  [['three', '--to', 'x'], /^<kind> must be one of: one, two, not "three"$/],
  [['one', 'secret', '--to', 'x'], /^Too many arguments: 2, expected 1$/],
])('parse > refuses %j and names what is accepted', (words, message) => {
  expect(() => run(...words)).toThrow(message);
});

test('selectCommand > finds the command of a group behind options', () => {
  const group = { name: 'example', commands: [example] };
  expect(selectCommand(group, ['--stage', 'prod', 'run', 'one'])).toEqual([example, ['--stage', 'prod', 'one']]);
  expect(() => selectCommand(group, ['walk'])).toThrow('Unknown command "example walk". Available: run');
  expect(() => selectCommand(group, [])).toThrow('example requires a command. Available: run');
});

test('help > the overview lists every command, and the help of each lists its options', async () => {
  const { out: overview } = await vod(['help']);
  for (const { name, options } of commands) {
    expect(overview).toContain(`\n  ${name}`);
    const { code, out } = await vod([...name.split(' '), '--help']);
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining(`npm run vod -- ${name}`)]);
    for (const option of Object.keys(options)) expect(out).toContain(`\n  --${option}`);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  }
});

test('help > the usage of a command follows an error about its command line', async () => {
  const { err } = await vod(['secrets', 'rotate', 'seal-key']);
  const usage = 'npm run vod -- secrets rotate <secret> --step <step> [options]';
  expect(err.split('\n')).toEqual([
    '--step <step> is missing: one of: add, use, drop, replace',
    `Usage: ${usage}; npm run vod -- secrets rotate --help lists the options`,
  ]);
});

test('docs/cli.md > its list of commands and options is that of the option tables', () => {
  const [, list = ''] = /^## All commands and options\n[^]*?\n```\n([^]*?)\n```$/m.exec(docs) ?? [];
  expect(list.split('\n')).toEqual(commands.flatMap(synopsis));
});

test('docs/cli.zh-CN.md > its table has a row for each command with exactly its own options', () => {
  const [, table = ''] = /^## 命令与选项一览\n([^]*?)^## /m.exec(readGuide('cli.zh-CN.md')) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z]+(?: [a-z]+)?)[^|]*\|[^|]*\|(.*)\|$/gm)].map(
    ([, name = '', options = '']) => {
      const names = [...options.matchAll(/`--([a-z-]+)`/g)].map(([, option = '']) => option);
      return [name, names.sort()];
    },
  );
  const expected = commands.map((command) => {
    const names = synopsis(command)
      .join(' ')
      .matchAll(/--([a-z-]+)/g);
    return [command.name, [...names].map(([, option = '']) => option).sort()];
  });
  expect(rows).toEqual(expected);
});

test.each(['cli.md', 'cli.zh-CN.md'])('docs/%s > every option of an example command exists', (guide) => {
  const known = new Set(commands.flatMap(({ options }) => Object.keys(options)));
  known.add('help');
  const examples = [...readGuide(guide).matchAll(/npm run (?:-s )?vod -- [^`\n#]*/g)].flatMap(([example = '']) =>
    [...example.matchAll(/ --([a-z][a-z-]*)/g)].map(([, option = '']) => option),
  );
  expect(examples.length).toBeGreaterThan(5);
  expect(examples.filter((option) => !known.has(option))).toEqual([]);
});
