import type { Engine } from '../../local/services/table';

/** The engines that this kind of machine has: dynoxide comes as a binary, for some. */
export const engines: readonly Engine[] =
  process.platform === 'linux' && process.arch === 'x64' ? ['dynoxide', 'dynalite'] : ['dynalite'];

/** A table with a stream of old and new images. */
export const tableWithStream = {
  TableName: 'rows',
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: [{ AttributeName: 'fileId', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'fileId', KeyType: 'HASH' as const }],
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' as const },
};
