import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { OPTIONS } from '../../local/vod-command/option-table';
import { readOptions, usage } from '../../local/vod-command/options';
import { readProceduresFile } from '../../local/vod-command/procedures-file';

describe('readOptions', () => {
  test('reads every option, also written with "="', () => {
    const args = [
      '--callback',
      'http://localhost:8000/cb?token=a',
      '--mode=pull',
      '--callback-format',
      'both',
      '--sign-key',
      'abc123',
      '--upload-event',
      'off',
      '--delete-event',
      'on',
      '--secret-id',
      'AKIDx',
      '--secret-key=y=',
      '--sub-app-ids',
      '1500000001, 1500000002',
      '--player-key',
      'p',
      '--url-key',
      'u',
      '--procedures',
      'flows.json',
      '--step-ms',
      '0',
      '--fault',
      'drop=0.3',
      '--fault',
      'format=2.0',
      '--port',
      '0',
      '--host',
      '::1',
      '--data',
      'folder',
    ];
    const options = readOptions(args);
    expect(options).toEqual({
      callback: 'http://localhost:8000/cb?token=a',
      mode: 'pull',
      'callback-format': 'both',
      'sign-key': 'abc123',
      'upload-event': false,
      'delete-event': true,
      'secret-id': 'AKIDx',
      'secret-key': 'y=',
      'sub-app-ids': [1500000001, 1500000002],
      'player-key': 'p',
      'url-key': 'u',
      procedures: resolve('flows.json'),
      'step-ms': 0,
      fault: [{ drop: 0.3 }, { format: '2.0' }],
      port: 0,
      host: '::1',
      data: resolve('folder'),
    });
    expect(Object.keys(options)).toEqual(Object.keys(OPTIONS));
  });

  test.each<[readonly string[], string | RegExp]>([
    [['--calback', 'x'], /^Unknown option "--calback"\. Did you mean --callback\? Available: --callback, --mode, /],
    [['--nothing-like-it'], /^Unknown option "--nothing-like-it"\. Available: --callback, .*, --help$/],
    [['-p', '80'], /^Unknown option "-p"\. /],
    [['--__proto__', 'x'], /^Unknown option "--__proto__"\. /],
    [['http://localhost:8000'], /^Unknown argument "http:\/\/localhost:8000"\. Available: /],
    [['--port'], '--port needs a value: --port <port>'],
    [['--callback', '--port', '1'], '--callback needs a value: --callback <url>'],
    [['--port', '1', '--port', '2'], '--port must be given once only'],
    [['--port', '65536'], '--port must be a port, an integer from 0 to 65535, not "65536"'],
    [['--callback', 'localhost:8000'], /^--callback must be an http or https URL, such as .*, not "localhost:8000"$/],
    [['--mode', 'PULL'], '--mode must be one of: push, pull, not "PULL"'],
    [['--sign-key', 'a-b'], '--sign-key must be at most 32 letters and digits, not "a-b"'],
    [
      ['--sub-app-ids', '1,x'],
      /^--sub-app-ids must be application ids separated by commas, such as 1500000001, not "1,x"$/,
    ],
    [['--fault', 'drop=2'], /^--fault must be <name>=<value>, drop: a number from 0 to 1; .*, not "drop=2"$/],
    [['--fault', 'loss=1'], /^--fault must be <name>=<value>, drop: .*, not "loss=1"$/],
    [['--data', ''], '--data must be the path of a folder, not ""'],
    [['--host', 'a b'], /^--host must be an address or name of this machine, .*, not "a b"$/],
  ])('refuses %j and says what would be right', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  test.each([['--help'], ['-h'], ['--port', 'x', '--help']])('%j %j %j returns help', (...args) => {
    expect(readOptions(args)).toBe('help');
  });
});

test('usage lists every option of the table with its value and its help', () => {
  for (const [name, { placeholder, help }] of Object.entries(OPTIONS)) {
    expect(usage()).toMatch(new RegExp(`^  --${name} ${placeholder.replace('|', '\\|')} +${escape(help)}$`, 'm'));
  }
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('readProceduresFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vod-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const read = (content: unknown) => {
    const file = join(folder, 'procedures.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readProceduresFile(file);
  };

  test('reads steps, durations, outcomes and reviews, with defaults', () => {
    const review = { suggestion: 'block', label: 'Ad', form: 'OCR', seconds: 1.5 };
    const steps = [
      { type: 'Transcode', definition: 100020, seconds: 2, outcome: 'fail' },
      { type: 'CoverBySnapshot', outcome: 'success' },
    ];
    expect(
      read({ Flow: { steps, review, contentReview: { suggestion: 'review' } }, Short: { steps: [steps[1]] } }),
    ).toEqual({
      Flow: {
        steps: [
          { type: 'Transcode', definition: 100020, fails: true, ms: 2000 },
          { type: 'CoverBySnapshot', definition: 10, fails: false },
        ],
        review: { suggestion: 'block', label: 'Ad', form: 'OCR', ms: 1500 },
        contentReview: { suggestion: 'review', label: 'porn', confidence: 99 },
      },
      Short: { steps: [{ type: 'CoverBySnapshot', definition: 10, fails: false }] },
    });
    expect(read({ A: { steps: [{ type: 'Transcode' }], review: {} } })['A']?.review).toEqual({
      suggestion: 'pass',
      label: '',
      form: '',
    });
  });

  test.each<[unknown, RegExp]>([
    ['{', /JSON/],
    [[], /it must contain a JSON object with a property for each procedure$/],
    [{ A: 1 }, /"A" must be a JSON object$/],
    [{ A: {} }, /"A\.steps" is missing: it must be an array$/],
    [{ A: { steps: [] } }, /"A\.steps" must have at least one step$/],
    [{ A: { steps: [{}] } }, /"A\.steps\[0\]\.type" is missing: it must be one of: "Transcode", "CoverBySnapshot"$/],
    [
      { A: { steps: [{ type: 'Snapshot' }] } },
      /"A\.steps\[0\]\.type" must be one of: "Transcode", .*, not "Snapshot"$/,
    ],
    [{ A: { steps: [{ type: 'Transcode', ms: 1 }] } }, /Unknown property "A\.steps\[0\]\.ms": must be one of: type, /],
    [
      { A: { steps: [{ type: 'Transcode' }], review: { suggestion: 'no' } } },
      /"A\.review\.suggestion" must be one of: /,
    ],
    [
      { A: { steps: [{ type: 'Transcode' }], review: { seconds: 601 } } },
      /"A\.review\.seconds" must be a number from 0 to 600/,
    ],
  ])('refuses %j with the name of the file and what would be right', (content, message) => {
    expect(() => read(content)).toThrow(/^Cannot use the procedures of .*procedures\.json: /);
    expect(() => read(content)).toThrow(message);
  });
});
