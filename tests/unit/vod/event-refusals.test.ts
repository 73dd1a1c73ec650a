import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { RequestError } from '../../../lib/platform/errors';
import { isKept, parseEvent } from '../../../lib/vod/event';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../../fixtures/events', `${name}.json`), 'utf8'));

describe('parseEvent, ids of uploads', () => {
  const upload = (FileId: unknown) => parseEvent({ EventType: 'NewFileUpload', FileUploadEvent: { FileId } });

  test.each(['1', '0'.repeat(40), '5285890784273533167'])('%s is a valid id', (fileId) => {
    expect(upload(fileId)).toMatchObject({ type: 'NewFileUpload', fileId });
  });

  test.each([undefined, null, '', '1'.repeat(41), '12a', '-1', '1 ', '１', 7, ['1'], {}])('%j is refused', (fileId) => {
    expect(() => upload(fileId)).toThrow(RequestError);
  });

  test('missing-file-id is refused, and the error names the place', () => {
    let thrown: unknown;
    try {
      parseEvent(fixture('missing-file-id'));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: expect.stringContaining('/FileUploadEvent') }],
    });
  });
});

describe('parseEvent, ignored and refused events', () => {
  test.each(['unknown-type', 'pull-complete.failed'])('%s is ignored', (name) => {
    expect(parseEvent(fixture(name))).toMatchObject({ type: 'Ignored' });
  });

  test.each(['FileDeleted', 'PullComplete'])('a %s that 2.0 calls failed is ignored', (eventType) => {
    const data = { status: 1, message: 'no', fileInfo: [{ fileId: '1' }], fileId: '1' };
    expect(parseEvent({ eventType, data })).toEqual({ type: 'Ignored', eventType });
  });

  test.each([undefined, null, 7, 'x', [], {}, [{ EventType: 'NewFileUpload' }], { EventType: '' }, { EventType: 7 }])(
    '%j has no event type and is refused',
    (message) => {
      expect(() => parseEvent(message)).toThrow(RequestError);
    },
  );

  test('no-event-type is refused', () => {
    expect(() => parseEvent(fixture('no-event-type'))).toThrow(/must be a JSON object with an EventType/);
  });

  test('H1: types that are names of Object.prototype are unknown types', () => {
    for (const eventType of Object.getOwnPropertyNames(Object.prototype)) {
      expect(isKept(eventType)).toBe(false);
      expect(parseEvent({ EventType: eventType })).toEqual({ type: 'Ignored', eventType });
    }
  });

  test('any JSON is an event or a RequestError, never another error', () => {
    const types = fc.constantFrom(
      'NewFileUpload',
      'PullComplete',
      'ProcedureStateChanged',
      'ReviewAudioVideoComplete',
      'FileDeleted',
    );
    const members = fc.constantFrom('FileUploadEvent', 'PullCompleteEvent', 'FileDeleteEvent', 'Data', 'data');
    const event = fc
      .tuple(types, members, fc.jsonValue())
      .map(([EventType, member, value]) => ({ EventType, [member]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), event), (message) => {
        try {
          expect(typeof parseEvent(message).type).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseEvent, fields that a row cannot keep are dropped by name', () => {
  const upload = (payload: object) =>
    parseEvent({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: '1', ...payload } });

  test.each<[string, object, string[]]>([
    ['2 049 bytes of text', { MediaBasicInfo: { Name: 'x'.repeat(2_049) } }, ['Name']],
    ['683 characters of three bytes', { MediaBasicInfo: { MediaUrl: '好'.repeat(683) } }, ['MediaUrl']],
    ['a lone surrogate', { MediaBasicInfo: { Type: '\ud800' } }, ['Type']],
    ['a number over 2^53', { MetaData: { Size: 2 ** 53 + 2 } }, ['Size']],
    ['a number that DynamoDB cannot hold', { MetaData: { Duration: 1e-101 } }, ['Duration']],
    ['a task id of 257 bytes', { ProcedureTaskId: 't'.repeat(257) }, ['ProcedureTaskId']],
    [
      'a source context of 2 049 bytes',
      { MediaBasicInfo: { SourceInfo: { SourceContext: 'x'.repeat(2_049) } } },
      ['SourceContext'],
    ],
  ])('parseEvent drops a field by name: %s', (_, payload, droppedFields) => {
    expect(upload(payload)).toEqual({ type: 'NewFileUpload', fileId: '1', media: {}, taskIds: [], droppedFields });
  });

  test('2 048 bytes of text and 2^53 are kept', () => {
    const name = 'x'.repeat(2_048);
    expect(upload({ MediaBasicInfo: { Name: name }, MetaData: { Size: 2 ** 53 } })).toMatchObject({
      media: { name, size: 2 ** 53 },
      droppedFields: [],
    });
  });

  test('a field of another type counts as absent', () => {
    expect(
      upload({ MediaBasicInfo: { Name: 7, Type: null, MediaUrl: ['u'] }, MetaData: { Size: '10' } }),
    ).toMatchObject({
      media: {},
    });
  });
});
