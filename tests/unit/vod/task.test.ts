import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseProcedureTask, parseReview, parseReviewTask, worstReview } from '../../../lib/vod/task';
import { getField } from '../../../lib/vod/wire';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../../fixtures/events', `${name}.json`), 'utf8'));
/** The task in an event: VOD's DescribeTaskDetail has the same object as `ProcedureTask`. */
const taskIn = (name: string) =>
  parseProcedureTask(getField(fixture(name), 'ProcedureStateChangeEvent') ?? getField(fixture(name), 'data'));

const ours = 'http://1256768367.vod2.myqcloud.com/xxx';
const captured = `${ours}/3701925920477195402`;

describe('parseProcedureTask, samples of the vendor and captured bodies', () => {
  test.each<[string, object]>([
    [
      'procedure-state-changed.finish',
      {
        status: 'FINISH',
        failed: false,
        outputs: [
          { type: 'Transcode', definition: 20, url: `${ours}/xxx/v.f20.mp4` },
          { type: 'CoverBySnapshot', definition: 10, url: `${ours}/xxx/xxx.100_0.jpg` },
          { type: 'SampleSnapshot', definition: 10, url: `${ours}/xxx/sample.100_0.jpg` },
          { type: 'ImageSprites', definition: 10, url: `${ours}/xxx/sprite.vtt` },
          { type: 'SnapshotByTimeOffset', definition: 10, url: `${ours}/xxx/offset.100_3000.jpg` },
          { type: 'AnimatedGraphics', definition: 20_001, url: `${ours}/xxx/v.f20001.webp` },
        ],
      },
    ],
    [
      'procedure-state-changed.adaptive',
      {
        status: 'FINISH',
        failed: false,
        outputs: [
          { type: 'AdaptiveDynamicStreaming', definition: 10, url: `${ours}/xxx/adp.10.m3u8` },
          { type: 'AdaptiveDynamicStreaming', definition: 20, url: `${ours}/xxx/adp.20.mpd` },
        ],
        sessionContext: 'trace=0001',
      },
    ],
    [
      'procedure-state-changed.captured',
      {
        status: 'FINISH',
        failed: false,
        outputs: [
          { type: 'ImageSprites', definition: 10, url: `${captured}/imageSprite/imageSprite_10.vtt` },
          { type: 'CoverBySnapshot', definition: 10, url: `${captured}/coverBySnapshot/coverBySnapshot_10_0.jpg` },
          { type: 'AdaptiveDynamicStreaming', definition: 10, url: `${captured}/adp.10.m3u8` },
        ],
      },
    ],
    [
      'procedure-state-changed.failed',
      {
        status: 'FINISH',
        failed: true,
        outputs: [{ type: 'Transcode', definition: 20, url: `${ours}/xxx/v.f20.mp4` }],
        errors: [{ type: 'CoverBySnapshot', code: 40_000, message: 'Invalid parameter' }],
      },
    ],
    [
      'procedure-state-changed.failed-whole',
      { status: 'FINISH', failed: true, errors: [{ code: 60_000, message: 'Source file error' }] },
    ],
  ])('parseProcedureTask returns the documented values of %s', (name, expected) => {
    expect(taskIn(name)).toEqual(expected);
  });
});

/** The interfaces in the vendor's typings: for each the names and types of its members. */
function readTypings(): ReadonlyMap<string, readonly (readonly [name: string, type: string])[]> {
  const folder = dirname(require.resolve('tencentcloud-sdk-nodejs-vod/package.json'));
  const path = join(folder, 'tencentcloud/services/vod/v20180717/vod_models.d.ts');
  const source = readFileSync(path, 'utf8').replaceAll(/\/\*\*.*?\*\//gs, '');
  const interfaces = [...source.matchAll(/export interface (\w+) \{(.*?)\n\}/gs)];
  return new Map(
    interfaces.map(([, name = '', body = '']) => [
      name,
      [...body.matchAll(/^\s+(\w+)\??: (.+?);?$/gm)].map(([, member = '', type = '']) => [member, type] as const),
    ]),
  );
}

interface UrlPath {
  readonly names: readonly string[];
  /** Whether each of the names is an array. */
  readonly isArray: readonly boolean[];
}

/** Where an output of this type can have a URL of a file that was made. */
function urlPaths(typings: ReturnType<typeof readTypings>, type: string): readonly UrlPath[] {
  return (typings.get(type) ?? []).flatMap(([name, memberType]): readonly UrlPath[] => {
    const isArray = memberType.startsWith('Array<');
    const inner = memberType.replace(/^Array<(.*)>$/, '$1');
    // Times of expiry are not URLs, and the cover of a clip is not the clip.
    const isUrl = inner === 'string' && name.includes('Url') && !/ExpireTime$|^CovImgUrl$/.test(name);
    if (isUrl) return [{ names: [name], isArray: [isArray] }];
    return urlPaths(typings, inner).map((path) => ({
      names: [name, ...path.names],
      isArray: [isArray, ...path.isArray],
    }));
  });
}

describe("V6: every sub-task of the vendor's typings that makes a file has its URL in the output", () => {
  const typings = readTypings();
  const sets = {
    MediaProcessResultSet: 'MediaProcessTaskResult',
    AiAnalysisResultSet: 'AiAnalysisResult',
    AiRecognitionResultSet: 'AiRecognitionResult',
    AiContentReviewResultSet: 'AiContentReviewResult',
  };
  const cases = Object.entries(sets).flatMap(([set, type]) =>
    (typings.get(type) ?? [])
      .filter(([name]) => name.endsWith('Task'))
      .flatMap(([member, taskType]) => {
        const output = typings.get(taskType)?.find(([name]) => name === 'Output')?.[1] ?? '';
        return urlPaths(typings, output).map((path) => ({
          set,
          member,
          path,
          title: `${member}.${path.names.join('.')}`,
        }));
      }),
  );

  test('the typings were read: 7 kinds of processing, and analyses, recognitions and reviews with files', () => {
    const kindsOf = (set: string) => new Set(cases.filter((one) => one.set === set).map(({ member }) => member)).size;
    expect(Object.keys(sets).map(kindsOf)).toEqual([7, 5, expect.any(Number), 10]);
    expect(kindsOf('AiRecognitionResultSet')).toBeGreaterThanOrEqual(7);
  });

  test("the vendor's typings have these four sets of results of a procedure", () => {
    const members = typings.get('ProcedureTask') ?? [];
    const results = members.filter(([, type]) => /^Array<.*Result>$/.test(type)).map(([name]) => name);
    expect(new Set(results)).toEqual(new Set(Object.keys(sets)));
  });

  test.each(cases)('$title', ({ set, member, path }) => {
    const value = path.names.reduceRight<unknown>((inner, name, index) => {
      return { [name]: path.isArray[index] === true ? [inner] : inner };
    }, 'http://v/made');
    const item = { Type: 'Kind', [member]: { Status: 'SUCCESS', ErrCode: 0, Output: value } };
    expect(parseProcedureTask({ [set]: [item] }).outputs).toEqual([{ type: 'Kind', url: 'http://v/made' }]);
  });
});

describe('parseProcedureTask, one sub-task that failed makes the task fail', () => {
  const wrong = { Status: 'FAIL', ErrCode: 0, ErrCodeExt: 'InvalidInput', Message: 'why' };
  const failure = { type: 'CoverBySnapshot', code: 'InvalidInput', message: 'why' };

  test.each<[string, object]>([
    ['null siblings before it', { Type: 'CoverBySnapshot', TranscodeTask: null, CoverBySnapshotTask: wrong }],
    ['null siblings behind it', { Type: 'CoverBySnapshot', CoverBySnapshotTask: wrong, TranscodeTask: null }],
  ])('a failed sub-task with %s makes the task fail', (_, item) => {
    expect(parseProcedureTask({ MediaProcessResultSet: [item] })).toEqual({
      status: 'FINISH',
      failed: true,
      errors: [failure],
    });
  });

  test.each(['AiContentReviewResultSet', 'AiAnalysisResultSet', 'AiRecognitionResultSet'])(
    'a failed sub-task in %s makes the task fail',
    (set) => {
      const task = parseProcedureTask({ [set]: [{ Type: 'Porn', PornTask: { Status: 'SUCCESS', ErrCode: 7 } }] });
      expect(task).toMatchObject({ failed: true, errors: [{ type: 'Porn', code: 7 }] });
    },
  );

  test('null sets, null items and items of another type are not sub-tasks', () => {
    const sets = { MediaProcessResultSet: null, AiAnalysisResultSet: [null, 7, 'x', []], AiRecognitionResultSet: {} };
    expect(parseProcedureTask(sets).failed).toBe(false);
    expect(parseProcedureTask(null)).toEqual({ status: 'FINISH', failed: false });
  });
});

describe('parseProcedureTask, bounds', () => {
  const subTasks = (count: number, status: string) => ({
    MediaProcessResultSet: Array.from({ length: count }, (_, index) => ({
      Type: 'Transcode',
      TranscodeTask: { Status: status, Message: 'why', Output: { Url: `http://v/${index}` } },
    })),
  });

  test('20 outputs are kept; of 21 the first 20, and the task is marked as truncated', () => {
    expect(parseProcedureTask(subTasks(20, 'SUCCESS'))).not.toHaveProperty('truncated');
    const task = parseProcedureTask(subTasks(21, 'SUCCESS'));
    expect(task).toMatchObject({ outputs: { length: 20 }, truncated: true });
    expect(task.outputs?.[19]?.url).toBe('http://v/19');
  });

  test('20 errors are kept; of 21 the first 20, and the task is marked as truncated', () => {
    expect(parseProcedureTask(subTasks(20, 'FAIL'))).not.toHaveProperty('truncated');
    expect(parseProcedureTask(subTasks(21, 'FAIL'))).toMatchObject({ errors: { length: 20 }, truncated: true });
  });

  test('a URL or session context of over 2 048 bytes is absent', () => {
    const item = { Type: 'Transcode', TranscodeTask: { Output: { Url: 'x'.repeat(2_049) } } };
    const task = parseProcedureTask({ MediaProcessResultSet: [item], SessionContext: 'x'.repeat(2_049) });
    expect(task).toEqual({ status: 'FINISH', failed: false, outputs: [{ type: 'Transcode' }] });
  });
});

describe('parsing of reviews', () => {
  const ai = (Type: string, Suggestion: string, Label?: string) => ({
    Type,
    [`${Type}Task`]: { Status: 'SUCCESS', Output: { Suggestion, Label } },
  });

  test('the AI review of a procedure is the worst of its parts', () => {
    const task = parseProcedureTask({
      AiContentReviewResultSet: [ai('Porn', 'review', 'sexy'), ai('Terrorism', 'block')],
    });
    expect(task).toMatchObject({ failed: false, _review: { suggestion: 'block' } });
    expect(task).not.toHaveProperty('outputs');
  });

  test('a part of an AI review that made no file is not an output', () => {
    const task = parseProcedureTask({ AiContentReviewResultSet: [ai('Porn', 'pass')] });
    expect(task).toEqual({ status: 'FINISH', failed: false, _review: { suggestion: 'pass' } });
  });

  test('V6: a part of an AI review that made files is an output, after those of the processing', () => {
    const Output = {
      Suggestion: 'review',
      SegmentSet: [{ Url: 'http://v/frame.jpg' }],
      SegmentSetFileUrl: 'http://v/all',
    };
    const task = parseProcedureTask({
      AiContentReviewResultSet: [{ Type: 'Porn', PornTask: { Status: 'SUCCESS', Output } }],
      MediaProcessResultSet: [{ Type: 'Transcode', TranscodeTask: { Output: { Url: 'http://v/f20' } } }],
    });
    expect(task.outputs).toEqual([
      { type: 'Transcode', url: 'http://v/f20' },
      { type: 'Porn', url: 'http://v/all' },
    ]);
    expect(task._review).toEqual({ suggestion: 'review' });
  });

  test.each([
    ['pass', 'pass'],
    ['PASS', 'pass'],
    ['review', 'review'],
    ['Block', 'block'],
    ['', undefined],
    ['unknown', undefined],
    [null, undefined],
    ['constructor', undefined],
  ])('suggestion %j is %j', (Suggestion, expected) => {
    expect(parseReview({ Suggestion })?.suggestion).toBe(expected);
  });

  test('worstReview returns block, then review, then pass, the first of several equal ones, and undefined for none', () => {
    const [pass, review, block] = (['pass', 'review', 'block'] as const).map((suggestion) => ({ suggestion }));
    const ad = { suggestion: 'block', label: 'Ad' } as const;
    expect(worstReview([pass, review, block, ad])).toBe(block);
    expect(worstReview([ad, block])).toBe(ad);
    expect(worstReview([undefined, pass])).toBe(pass);
    expect(worstReview([undefined])).toBeUndefined();
    expect(worstReview([])).toBeUndefined();
  });

  test('parses a review task with its suggestion, or as failed without one', () => {
    const output = { Suggestion: 'block', Label: 'Porn' };
    expect(parseReviewTask({ Output: output })).toEqual({
      status: 'FINISH',
      failed: false,
      _kind: 'review',
      _review: { suggestion: 'block', label: 'Porn' },
    });
    const wrong = { Status: 'FAIL', ErrCodeExt: 'InternalError', Message: 'why', Output: output };
    expect(parseReviewTask(wrong)).toEqual({
      status: 'FINISH',
      failed: true,
      errors: [{ code: 'InternalError', message: 'why' }],
      _kind: 'review',
    });
  });
});
