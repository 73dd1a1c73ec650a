import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { curlCommand } from '../../local/page/events/curl.js';
import { summarizeEvent, summarizeWebhook } from '../../local/page/events/summary.js';
import { formatTime } from '../../local/page/format.js';
import { createFeed } from '../../local/page/record-feed.js';
import { filterRecords } from '../../local/page/record-filter.js';
import { RecordLog } from '../../local/record-log';

// How the page keeps, filters and names callbacks and webhooks, without a browser.

interface Line {
  readonly text: string;
}

describe('createFeed', () => {
  function follow(log: () => RecordLog<Line>) {
    const paths: string[] = [];
    const feed = createFeed((path: string) => {
      paths.push(path);
      return Promise.resolve(log().read(new URLSearchParams(path.split('?')[1]).get('cursor') ?? ''));
    }, '/local/events');
    const texts = () => feed.newestFirst().map(({ text }: Line) => text);
    return { feed, paths, texts };
  }

  test('returns the newest record first, and changes a record in its place', async () => {
    const log = new RecordLog<Line>();
    for (const text of ['a', 'b']) log.add({ text });
    const { feed, paths, texts } = follow(() => log);
    await feed.refresh();
    expect(texts()).toEqual(['b', 'a']);
    log.change(1, () => ({ text: 'a!' }));
    log.add({ text: 'c' });
    expect(await feed.refresh()).toMatchObject({ records: [{ id: 1 }, { id: 3 }] });
    expect(texts()).toEqual(['c', 'b', 'a!']);
    expect(paths[0]).toBe('/local/events?cursor=');
    expect(paths[1]).not.toBe(paths[0]);
  });

  test('drops the records that the log drops, and never holds more', async () => {
    const log = new RecordLog<Line>({ records: 3, characters: 1000 });
    const { feed, texts } = follow(() => log);
    for (let number = 0; number < 10; number++) {
      log.add({ text: String(number) });
      if (number % 2 === 0) await feed.refresh();
      expect(texts().length).toBeLessThanOrEqual(3);
    }
    await feed.refresh();
    expect(texts()).toEqual(['9', '8', '7']);
  });

  test('starts over after a restart of the run', async () => {
    let log = new RecordLog<Line>();
    for (const text of ['a', 'b']) log.add({ text });
    const { feed, texts } = follow(() => log);
    await feed.refresh();
    log = new RecordLog<Line>();
    log.add({ text: 'new' });
    await feed.refresh();
    expect(texts()).toEqual(['new']);
  });
});

describe('filterRecords', () => {
  const record = (type: string, outcome: string, body: string, responseBody = '') => ({
    type,
    outcome,
    body,
    attempts: [{ status: 200, responseBody, headers: [['webhook-id', 'msg_1']] }],
  });
  const records = [
    record('NewFileUpload', 'accepted', '{"Name":"Cat"}', '{"outcome":"recorded"}'),
    record('FileDeleted', 'refused', '{"FileIdSet":["7"]}'),
  ];
  const shown = (filter: object) =>
    filterRecords(records, { text: '', type: '', outcome: '', ...filter }).map(({ type }) => type);

  test.each([
    [{}, ['NewFileUpload', 'FileDeleted']],
    [{ text: ' CAT ' }, ['NewFileUpload']],
    [{ text: 'recorded' }, ['NewFileUpload']],
    [{ text: 'msg_1' }, ['NewFileUpload', 'FileDeleted']],
    [{ text: 'filedel' }, ['FileDeleted']],
    [{ type: 'FileDeleted' }, ['FileDeleted']],
    [{ outcome: 'accepted' }, ['NewFileUpload']],
    [{ outcome: 'accepted', text: '"7"' }, []],
  ])('the filter %j shows %j', (filter, types) => {
    expect(shown(filter)).toEqual(types);
  });
});

describe('curlCommand', () => {
  test('sends any body unchanged to the URL in a variable', async () => {
    const body = `{"Name":"it's $HOME \\"x\\" 视频\\n"}`;
    const [hint, command = ''] = curlCommand(body, '# where CALLBACK is').split(/\n(.*)/s);
    expect(hint).toBe('# where CALLBACK is');
    const echo = command.replace(/^curl/, `printf '%s\\n'`);
    const env = { PATH: process.env['PATH'], CALLBACK: 'http://localhost/?token=a b' };
    const { stdout } = await promisify(execFile)('sh', ['-c', echo], { env });
    expect(stdout).toBe(
      ['-i', env.CALLBACK, '-H', 'content-type: application/json', '--data-raw', `${body}\n`].join('\n'),
    );
  });
});

describe('summarizeEvent and summarizeWebhook', () => {
  test.each([
    [{ FileUploadEvent: { MediaBasicInfo: { Name: 'cat', Type: 'mp4' } } }, 'cat.mp4'],
    [{ ProcedureStateChangeEvent: { FileName: 'cat', Status: 'FINISH' } }, 'cat · FINISH'],
    [{ ReviewAudioVideoCompleteEvent: { Output: { Suggestion: 'block' } } }, 'block'],
    [{ ReviewAudioVideoCompleteEvent: { Output: null } }, ''],
    [{ data: { fileName: 'cat', status: 0 } }, 'cat'],
    [null, ''],
  ])('summarize the event %j as "%s"', (event, summary) => {
    expect(summarizeEvent(JSON.stringify(event))).toBe(summary);
  });

  test('return an empty text for a body that is not JSON', () => {
    expect(summarizeEvent('{"Eve')).toBe('');
    expect(summarizeWebhook('x')).toBe('');
  });

  test('summarize a webhook as the name of its file', () => {
    expect(summarizeWebhook('{"data":{"name":"cat","type":"mp4"}}')).toBe('cat.mp4');
  });
});

test('formatTime > shows milliseconds, and the date unless it is today', () => {
  const noon = new Date();
  noon.setHours(12, 3, 4, 56);
  expect(formatTime(noon.getTime(), 'en')).toBe('12:03:04.056');
  expect(formatTime(Date.UTC(2020, 0, 2, 3), 'en')).toMatch(/^Jan \d+, \d\d:\d\d:00\.000$/);
});
