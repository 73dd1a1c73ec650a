import { uploadsOf } from '../../local/uploads';

describe('uploadsOf', () => {
  test('gathers tasks by id, also an id that is a name of Object.prototype', () => {
    const row = { fileId: '1', 'task:t:1': { status: 'FINISH' }, 'task:__proto__': { status: 'PROCESSING' } };
    const [upload] = uploadsOf([row]);
    expect(Object.keys(upload ?? {})).toEqual(['fileId', 'tasks']);
    expect(Object.entries(upload?.tasks ?? {})).toEqual([
      ['t:1', { status: 'FINISH' }],
      ['__proto__', { status: 'PROCESSING' }],
    ]);
  });

  test('drops internal attributes of the row and of its tasks', () => {
    const task = { status: 'FINISH', failed: false, _kind: 'review', _createTime: '2026-11-22T08:00:00Z' };
    const row = { fileId: '1', status: 'ready', _news: ['gone'], _wasReady: true, 'task:t1': task };
    expect(uploadsOf([row])).toEqual([
      { fileId: '1', status: 'ready', tasks: { t1: { status: 'FINISH', failed: false } } },
    ]);
  });

  test('returns the newest first, whether a row is confirmed or not', () => {
    const confirmed = { fileId: '1', sortTime: '2026-11-22T08:00:05Z', firstSeenAt: '2026-11-22T09:00:00.000Z' };
    const pushed = { fileId: '2', firstSeenAt: '2026-11-22T08:00:05.500Z' };
    const withCreateTime = { fileId: '3', createTime: '2026-11-22T08:00:04Z', firstSeenAt: '2026-11-22T10:00:00.000Z' };
    const ids = uploadsOf([withCreateTime, confirmed, pushed]).map(({ fileId }) => fileId);
    expect(ids).toEqual(['2', '1', '3']);
  });

  test('shows sets as lists', () => {
    expect(uploadsOf([{ fileId: '1', added: new Set(['a']) }])).toEqual([{ fileId: '1', added: ['a'], tasks: {} }]);
  });
});
