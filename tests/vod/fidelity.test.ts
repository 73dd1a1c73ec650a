import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { OPTIONS } from '../../local/vod-command/option-table';
import { ACTIONS } from '../../local/vod/api/api';
import { FAULT_RULES } from '../../local/vod/faults';
import { EVENT_TYPES } from '../../local/vod/event-message';
import { PRESETS } from '../../local/vod/procedure-templates';
import { FILE_RULES, TASK_RULES } from '../../local/vod/seed-body';
import { UGC_ACTIONS } from '../../local/vod/ugc';
import { SIGNATURE_PARAMETERS } from '../../local/vod/upload-signature';

// The tables of docs/local-vod.md and of its Chinese twin against the code that they describe.

const read = (name: string) => readFileSync(join(__dirname, '../../docs', name), 'utf8');

interface Row {
  readonly section: string;
  /** The names in backticks in the first cell. */
  readonly names: readonly string[];
  readonly document: string;
  readonly status: string;
  readonly cells: readonly string[];
}

const codesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** The rows of all tables with a status. */
function rowsOf(text: string): Row[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    section = /^### (.*)/.exec(line)?.[1] ?? section;
    if (section === '' || !line.startsWith('|') || line.startsWith('|---')) return [];
    const cells = line
      .replaceAll('\\|', '/')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [first = '', document = '', status = ''] = cells;
    const isHead = status === 'here' || status === '这里';
    return isHead ? [] : [{ section, names: codesIn(first), document, status, cells }];
  });
}

const ENGLISH = {
  checked: 'checked',
  simplified: 'simplified',
  missing: 'missing',
  api: 'Server API',
  events: 'Events',
};
const CHINESE = { checked: '校验', simplified: '简化', missing: '没有', api: '服务端 API', events: '事件通知' };

describe.each([
  ['local-vod.md', ENGLISH],
  ['local-vod.zh-CN.md', CHINESE],
])('docs/%s', (name, words) => {
  const text = read(name);
  const rows = rowsOf(text);
  const present = rows.filter(({ status }) => status !== words.missing);
  const missing = rows.filter(({ status }) => status === words.missing);
  const namesIn = (some: readonly Row[], section: string) =>
    some.filter((row) => row.section === section).flatMap(({ names }) => names);

  test('has one of three statuses in each row, and the address of each document', () => {
    const statuses = [words.checked, words.simplified, words.missing];
    expect(rows.filter(({ status }) => !statuses.includes(status))).toEqual([]);
    expect(rows.length).toBeGreaterThan(60);
    for (const { document } of rows) {
      if (document !== '') expect(text).toContain(`\n${document}: https://`);
    }
  });

  test('lists the supported actions of the server API with all their parameters', () => {
    const described = present.filter(({ section }) => section === words.api);
    const parameters = described.map(({ names, cells }) => [names.join(), codesIn(cells[3] ?? '')] as const);
    const actual = Object.entries(ACTIONS).map(([action, { parameters: known }]) => [action, [...known]] as const);
    expect(Object.fromEntries(parameters)).toEqual(Object.fromEntries(actual));
  });

  test('lists as missing only actions that the vendor has and the local VOD does not support', () => {
    const names = namesIn(missing, words.api);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((action) => action in ACTIONS)).toEqual([]);
    const client = sdk.v20180717.Client.prototype as unknown as Record<string, unknown>;
    expect(names.filter((action) => typeof client[action] !== 'function')).toEqual([]);
  });

  test('lists the event types that the local VOD sends', () => {
    const known: readonly string[] = EVENT_TYPES;
    expect(namesIn(present, words.events)).toEqual(known);
    expect(namesIn(missing, words.events).filter((type) => known.includes(type))).toEqual([]);
  });

  test('lists the actions of the upload service and the parameters of a signature', () => {
    const names = present.flatMap((row) => row.names);
    for (const known of [...UGC_ACTIONS, ...SIGNATURE_PARAMETERS]) expect(names).toContain(known);
  });

  test('names every option, fault, preset and property of a seed', () => {
    const codes = codesIn(text.replace(/^```[^]*?^```$/gm, ''));
    for (const option of Object.keys(OPTIONS)) expect(codes).toContain(`--${option}`);
    const properties = [FAULT_RULES, FILE_RULES, TASK_RULES].flatMap((rules) => Object.keys(rules));
    for (const known of [...properties, ...PRESETS.keys()]) expect(codes).toContain(known);
  });
});

test('docs/local-vod.md and local-vod.zh-CN.md have the same rows, statuses, documents and parameters', () => {
  const comparable = (name: string, words: Readonly<Record<string, string>>) =>
    rowsOf(read(name)).map(({ names, document, status, cells }) => ({
      names,
      document,
      status: Object.keys(words).find((key) => words[key] === status),
      parameters: cells.length === 5 ? codesIn(cells[3] ?? '') : [],
    }));
  expect(comparable('local-vod.zh-CN.md', CHINESE)).toEqual(comparable('local-vod.md', ENGLISH));
});
