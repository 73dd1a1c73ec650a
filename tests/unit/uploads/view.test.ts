import { viewUpload } from '../../../lib/uploads/view';
import type { Row, Status } from '../../../lib/uploads/row';
import { BEGAN, CREATED, confirmedRow, sealed, succeeded } from '../../support/unit/rows';

const media = {
  url: 'http://v/f0.mp4',
  name: 'clip',
  type: 'mp4',
  category: 'Video',
  size: 10,
  duration: 2.5,
  width: 4,
  height: 3,
  coverUrl: 'http://v/cover.png',
  createTime: CREATED,
  sourceType: 'Upload',
};
const row: Row = {
  ...confirmedRow({
    media,
    context: { ...sealed, signedProcedure: true },
    tasks: {
      t: { ...succeeded, sessionContext: 's', outputs: [{ type: 'Transcode', definition: 100, url: 'http://v/t' }] },
    },
  }),
  notice: 'for operators',
};

describe('viewUpload', () => {
  test('shows the documented attributes of a ready row, and nothing else', () => {
    expect(viewUpload(row)).toEqual({
      fileId: '7',
      status: 'ready',
      version: 1,
      name: 'clip',
      type: 'mp4',
      category: 'Video',
      size: 10,
      duration: 2.5,
      width: 4,
      height: 3,
      coverUrl: 'http://v/cover.png',
      url: 'http://v/f0.mp4',
      outputs: [{ type: 'Transcode', definition: 100, url: 'http://v/t' }],
      sourceContext: 'order=7',
      createTime: CREATED,
      updatedAt: '2026-11-22T08:01:00.000Z',
    });
  });

  test.each<[Status, boolean]>([
    ['ready', true],
    ['failed', true],
    ['processing', false],
    ['held', false],
    ['rejected', false],
    ['deleted', false],
  ])('shows the URLs of a row that is %s: %s', (status, areShown) => {
    const view = viewUpload({ ...row, status });
    expect(JSON.stringify(view).includes('http://')).toBe(areShown);
    expect(view.outputs).toMatchObject([{ type: 'Transcode', definition: 100 }]);
    expect(view).toMatchObject({ status, name: 'clip', size: 10 });
  });

  test('shows review and rejection', () => {
    const review = { suggestion: 'block', label: 'Porn' } as const;
    const rejection = { reason: 'review', detail: 'why' } as const;
    expect(viewUpload({ ...row, status: 'rejected', review, rejection })).toMatchObject({ review, rejection });
  });

  test('shows the identity of an unconfirmed upload, and nothing that an event reported', () => {
    const { confirmedAt: _, ...unconfirmed } = row;
    for (const trust of ['pushed', 'unknown'] as const) {
      expect(viewUpload({ ...unconfirmed, status: 'uploaded', trust })).toEqual({
        fileId: '7',
        status: 'uploaded',
        version: 1,
        sourceContext: 'order=7',
      });
    }
  });

  test("shows VOD's last values of a row that an event changed after a confirmation", () => {
    const { version, ...response } = viewUpload(row);
    expect(viewUpload({ ...row, trust: 'pushed', version: 2 })).toEqual({ ...response, version: 2 });
  });

  test('lists outputs by the age of their procedures, and those of a procedure in the order of its steps', () => {
    const output = (definition: number) => ({ type: 'Transcode', definition, url: `http://v/${definition}` });
    const tasks = new Map([
      ['late', { ...succeeded, _createTime: '2026-11-22T09:00:00Z', outputs: [output(3)] }],
      ['early', { ...succeeded, _createTime: BEGAN, outputs: [output(2), output(1)] }],
    ]);
    expect(viewUpload({ ...row, tasks }).outputs?.map(({ definition }) => definition)).toEqual([2, 1, 3]);
  });

  test('has no outputs where no procedure made any', () => {
    expect(viewUpload({ ...row, tasks: new Map([['t', succeeded]]) })).not.toHaveProperty('outputs');
  });
});
