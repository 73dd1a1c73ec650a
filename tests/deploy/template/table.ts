import { fromItem } from '../../../lib/uploads/row';
import type { Table, TemplateReader } from '../../support/deploy/template';
import { describeEach, templateOf } from './packages';

/** Resources that may still fail when the table exists, because they need the table's stream. */
const AFTER_TABLE = ['UploadChangedEventSourceMappingDynamodbUploadsTable', 'UploadChangedStreamPolicy'];

describeEach(({ name, isProd }) => {
  test('A10: the table is protected in prod, except an empty one of a first deploy that fails', () => {
    const { resources } = templateOf(name);
    expect(templateOf(name).table().DeletionProtectionEnabled).toBe(isProd);
    expect(resources['UploadsTable']).toMatchObject({
      DeletionPolicy: isProd ? 'RetainExceptOnCreate' : 'Delete',
      UpdateReplacePolicy: 'Retain',
    });
    const kept = Object.entries(resources).filter(([, { DeletionPolicy: policy = 'Delete' }]) => policy !== 'Delete');
    expect(kept.map(([id]) => id)).toEqual(isProd ? ['UploadsTable'] : []);
  });

  test('A10: the table is created after every resource but those that need its stream, and none waits for itself', () => {
    const { resources } = templateOf(name);
    const order = creationOrder(resources);
    expect([...order].sort()).toEqual(Object.keys(resources).sort());
    const before = ancestors(resources, 'UploadsTable');
    const after = Object.keys(resources).filter((id) => id !== 'UploadsTable' && !before.has(id));
    expect(after.sort()).toEqual(AFTER_TABLE);
    // The mapping asks whether its role may read the stream.
    expect(ancestors(resources, AFTER_TABLE[0] ?? '')).toContain('UploadChangedStreamPolicy');
    // Permission to create a policy and a mapping has been needed before.
    const types = [...before].map((id) => resources[id]?.Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::Lambda::EventSourceMapping', 'AWS::IAM::Role']));
  });
});

/** The logical ids that a resource needs first. */
function neededBy(resources: TemplateReader['resources'], id: string): string[] {
  const { DependsOn: needed = [], ...rest } = resources[id] ?? {};
  const text = JSON.stringify(rest);
  const mentions = (one: string) =>
    [`{"Ref":"${one}"}`, `{"Fn::GetAtt":["${one}",`, `\${${one}}`, `\${${one}.`].some((form) => text.includes(form));
  return Object.keys(resources).filter((one) => [needed].flat().includes(one) || mentions(one));
}

function ancestors(resources: TemplateReader['resources'], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (one: string) => {
    for (const needed of neededBy(resources, one)) {
      if (found.has(needed)) continue;
      found.add(needed);
      visit(needed);
    }
  };
  visit(id);
  return found;
}

/** @throws Error where a resource waits for itself */
function creationOrder(resources: TemplateReader['resources']): Set<string> {
  const created = new Set<string>();
  const left = new Map(Object.keys(resources).map((id) => [id, neededBy(resources, id)]));
  while (left.size > 0) {
    const ready = [...left].filter(([, needed]) => needed.every((one) => created.has(one))).map(([id]) => id);
    if (ready.length === 0) throw new Error(`Cannot create ${[...left.keys()].join(', ')}: they wait for each other`);
    for (const id of ready) {
      created.add(id);
      left.delete(id);
    }
  }
  return created;
}

test('the table has a stream, encryption, recovery and expiry, and two indexes that later updates do not write', () => {
  const table: Table = templateOf('dev').table();
  expect(table).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'fileId', KeyType: 'HASH' }],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { SSEEnabled: true },
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TimeToLiveSpecification: { Enabled: true },
  });
  expect(fromItem({ fileId: '1', [table.TimeToLiveSpecification.AttributeName]: 2 }).expiresAt).toBe(2);
  const keys = (hash: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: 'sortTime', KeyType: 'RANGE' },
  ];
  expect(table.GlobalSecondaryIndexes).toEqual([
    {
      IndexName: 'byUploader',
      KeySchema: keys('uploader'),
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['sourceContext'] },
    },
    { IndexName: 'bySourceContext', KeySchema: keys('sourceContext'), Projection: { ProjectionType: 'KEYS_ONLY' } },
  ]);
});
