import { ANNOUNCED, announcementOf, type Notification } from '../../lib/notifications/announcement';
import { applySnapshot } from '../../lib/uploads/snapshot';
import type { Row } from '../../lib/uploads/row';
import { ajv, component, fits, propertiesOf, webhooks } from '../support/openapi';
import { confirmedRow, failed, NOW, reviewed, sealed, snapshot, succeeded } from '../support/unit/rows';

describe('the webhooks', () => {
  const url = 'http://v/f0.mp4';
  const transcoded = { ...succeeded, outputs: [{ type: 'Transcode', definition: 100030, url }, { type: 'Sprite' }] };
  const many = { ...succeeded, outputs: Array.from({ length: 20 }, () => ({ url: `${url}?${'x'.repeat(2000)}` })) };
  const media = {
    ...snapshot().media,
    type: 'mp4',
    category: 'Video',
    width: 1280,
    height: 720,
    coverUrl: `${url}.jpg`,
    sourceType: 'Upload',
  };
  const rows: Record<string, Row> = {
    ready: confirmedRow(),
    'ready with everything': confirmedRow({
      media,
      context: sealed,
      tasks: { t1: transcoded, t2: reviewed('pass', 'Normal') },
    }),
    'ready with more than 20 kB': confirmedRow({ tasks: { t1: many } }),
    'ready without a context': confirmedRow({ context: { seal: 'none' } }),
    failed: confirmedRow({ tasks: { t1: failed } }),
    held: confirmedRow({ review: { suggestion: 'review' }, reviewTime: '2026-11-22T08:00:30Z' }),
    rejected: confirmedRow({ review: { suggestion: 'block', label: 'Porn' }, reviewTime: '2026-11-22T08:00:30Z' }),
    'rejected as forbidden': confirmedRow({ isForbidden: true }),
    deleted: {
      ...applySnapshot({ ...confirmedRow({ media, context: sealed }), news: ['gone'] }, 'not-found', NOW),
      version: 2,
    },
  };
  const bodyOf = (row: Row | undefined) => {
    const announcement = row && announcementOf(undefined, row);
    if (!announcement) throw new Error('The row is not announced');
    return JSON.parse(announcement.body) as { readonly type: string; readonly data: Record<string, unknown> };
  };
  const isNotification = (body: unknown) => fits(component('Notification'), body);

  test.each(Object.entries(rows))('the body about a row that is %s fits the document', (name, row) => {
    const body = bodyOf(row);
    expect([isNotification(body), ajv.errors]).toEqual([true, null]);
    expect(body.type).toBe(`upload.${name.split(' ')[0] ?? ''}`);
  });

  test('the rows above have every status that is announced, and every property of the document', () => {
    const bodies = Object.values(rows).map(bodyOf);
    expect(new Set(bodies.map(({ data }) => data['status']))).toEqual(new Set(ANNOUNCED));
    const documented = Object.keys({ ...propertiesOf('UploadAttributes'), ...propertiesOf('Notification', 'data') });
    expect([...new Set(bodies.flatMap((body) => Object.keys(body.data)))].sort()).toEqual(documented.sort());
    const properties: Readonly<Record<keyof Notification['data'], true>> = {
      fileId: true,
      status: true,
      version: true,
      name: true,
      type: true,
      category: true,
      size: true,
      duration: true,
      width: true,
      height: true,
      coverUrl: true,
      url: true,
      outputs: true,
      sourceContext: true,
      review: true,
      rejection: true,
      createTime: true,
      updatedAt: true,
      uploader: true,
      truncated: true,
    };
    expect(Object.keys(properties).sort()).toEqual(documented.sort());
  });

  const ready = () => bodyOf(rows['ready with everything']);
  test.each<[string, () => object]>([
    ['an unknown property', () => ({ ...ready(), more: 1 })],
    ['an unknown property of the upload', () => ({ ...ready(), data: { ...ready().data, trust: 'confirmed' } })],
    ['an unknown property of an output', () => ({ ...ready(), data: { ...ready().data, outputs: [{ code: 1 }] } })],
    ['an unknown type', () => ({ ...ready(), type: 'upload.processing' })],
    ['a type that is not the status', () => ({ ...ready(), type: 'upload.held' })],
    ['no version', () => ({ ...ready(), data: { ...ready().data, version: undefined } })],
  ])('a body with %s does not fit the document', (_, change) => {
    expect(isNotification(JSON.parse(JSON.stringify(change())))).toBe(false);
  });

  test('the document has a webhook for each announced status, and no other', () => {
    expect(Object.keys(webhooks)).toEqual(ANNOUNCED.map((status) => `upload.${status}`));
  });

  test.each(Object.entries(webhooks))(
    '%s: its examples of body and headers fit, and its body has this type alone',
    (type, { post: { parameters = [], requestBody } }) => {
      const { schema = {}, examples = {} } = requestBody?.content?.['application/json'] ?? {};
      expect(Object.keys(examples)).toEqual([type.replace('upload.', '')]);
      for (const { value } of Object.values(examples)) {
        expect(value).toMatchObject({ type });
        expect([fits(schema, value), ajv.errors]).toEqual([true, null]);
      }
      expect(parameters.map((header) => fits(header.schema, header.example))).toEqual([true, true, true]);
      for (const row of Object.values(rows)) expect(fits(schema, bodyOf(row))).toBe(bodyOf(row).type === type);
    },
  );
});
