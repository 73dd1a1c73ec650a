import { isForbidden, parseMediaInfo, parseSourceContext } from '../../../lib/vod/media';

const timeOf = (CreateTime: unknown) => parseMediaInfo({ MediaBasicInfo: { CreateTime } }, []).createTime;

describe('H18: createTime is stored in UTC, so that strings sort by time', () => {
  test.each([
    ['2026-11-22T08:00:00Z', '2026-11-22T08:00:00Z'],
    ['2026-11-22T16:00:00+08:00', '2026-11-22T08:00:00Z'],
    ['2026-11-22T16:00:00+0800', '2026-11-22T08:00:00Z'],
    ['2026-11-21T23:30:00-08:30', '2026-11-22T08:00:00Z'],
    ['2026-11-22T08:00:00', '2026-11-22T08:00:00Z'],
    ['2026-11-22T08:00:00.250Z', '2026-11-22T08:00:00.250Z'],
    ['0000-00-00T00:00:00Z', undefined],
    ['2026-13-22T08:00:00Z', undefined],
    ['2026-11-22', undefined],
    ['yesterday', undefined],
    ['2026-11-22T08:00:00 and more', undefined],
    ['', undefined],
    [1_795_334_400, undefined],
    [null, undefined],
  ])('H18: createTime %j is stored as %j', (time, expected) => {
    expect(timeOf(time)).toBe(expected);
  });
});

describe('V2: 0 is unknown for size, duration, width and height', () => {
  test.each(['MetaData', 'metaData'])('in %s', (name) => {
    const measures = { Size: 0, Duration: 0, Width: 0, Height: 0 };
    expect(parseMediaInfo({ [name]: measures }, [])).toEqual({});
    expect(parseMediaInfo({ [name]: { ...measures, Size: 10 } }, [])).toEqual({ size: 10 });
  });

  test('negative measures and -0 are unknown too', () => {
    expect(parseMediaInfo({ MetaData: { Size: -1, Duration: -0, Width: -5 } }, [])).toEqual({});
  });

  test('audio, which has no width and height, has size and duration', () => {
    const audio = { Size: 10, Duration: 2.5, Width: 0, Height: 0 };
    expect(parseMediaInfo({ MetaData: audio }, [])).toEqual({ size: 10, duration: 2.5 });
  });
});

describe('parseMedia, format 2.0', () => {
  test('has the exact duration in floatDuration', () => {
    expect(parseMediaInfo({ metaData: { duration: 61, floatDuration: 60.5 } }, [])).toEqual({ duration: 60.5 });
    expect(parseMediaInfo({ metaData: { duration: 61, floatDuration: 0 } }, [])).toEqual({ duration: 61 });
  });

  test('may have the measures in the event itself', () => {
    const data = { fileSize: 10, duration: 3, width: 4, height: 5 };
    expect(parseMediaInfo(data, [])).toEqual({ size: 10, duration: 3, width: 4, height: 5 });
  });

  test.each([
    ['ClientUpload', 'Upload'],
    ['ServerUpload', 'Upload'],
    ['Record', 'Record'],
    ['Upload', 'Upload'],
  ])('source type %s is %s in the row', (sourceType, expected) => {
    expect(parseMediaInfo({ sourceType }, []).sourceType).toBe(expected);
  });
});

test('null sections are absent sections', () => {
  const payload = { MediaBasicInfo: { Name: 'clip', SourceInfo: null, CoverUrl: null }, MetaData: null };
  expect(parseMediaInfo(payload, [])).toEqual({ name: 'clip' });
  expect(parseSourceContext(payload, [])).toBeUndefined();
});

describe('isForbidden', () => {
  test.each([
    ['Normal', false],
    ['Forbidden', true],
    ['SystemForbidden', true],
    ['', false],
    [null, false],
    [undefined, false],
  ])('status %j: %j', (Status, expected) => {
    expect(isForbidden({ MediaBasicInfo: { Status } })).toBe(expected);
  });
});
