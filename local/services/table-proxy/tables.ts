import { validationError } from '../stream/errors';
import type { StreamLog } from '../stream/log';
import { TARGET, type EngineClient, type EngineResponse } from './engine';

type Input = Readonly<Record<string, unknown>>;

const OPERATIONS = ['CreateTable', 'DescribeTable', 'UpdateTable', 'DeleteTable'];

export function isTableOperation(operation: string): boolean {
  return OPERATIONS.includes(operation);
}

/**
 * Forwards an operation on tables to the engine, and adds streams, which the engine does not support.
 *
 * @throws DynamoDbError for a malformed specification of a stream
 */
export async function executeTableOperation(
  engine: EngineClient,
  log: StreamLog,
  operation: string,
  input: Input,
): Promise<EngineResponse> {
  const { StreamSpecification: specification, ...rest } = input;
  const tableName = String(input['TableName']);
  const viewType = specification === undefined ? undefined : viewTypeOf(specification);
  // An update of the stream alone is none for the engine.
  const isStreamOnly = operation === 'UpdateTable' && Object.keys(rest).length === 1 && specification !== undefined;
  const response = await engine.send(TARGET + (isStreamOnly ? 'DescribeTable' : operation), JSON.stringify(rest));
  if (response.status !== 200) return response;

  if (viewType === 'none' || operation === 'DeleteTable') log.disable(tableName);
  else if (viewType !== undefined && log.streamOf(tableName))
    throw validationError('Table already has an enabled stream');
  else if (viewType !== undefined) log.enable(tableName, viewType);
  const { Table: table, TableDescription: description } = JSON.parse(response.text) as Record<string, object>;
  const name = operation === 'DescribeTable' ? 'Table' : 'TableDescription';
  const own = withoutStream({ ...table, ...description });
  const text = JSON.stringify({ [name]: { ...own, ...describeStream(log, tableName) } });
  return { status: 200, text };
}

/** A table may have a stream of the engine's own from before this proxy. */
function withoutStream(description: Input): Input {
  const { StreamSpecification, LatestStreamArn, LatestStreamLabel, ...rest } = description;
  return rest;
}

function describeStream(log: StreamLog, tableName: string): object {
  const stream = log.streamOf(tableName);
  if (!stream) return {};
  return {
    StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType },
    LatestStreamArn: stream.arn,
    LatestStreamLabel: stream.label,
  };
}

const VIEW_TYPES = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY'];

/** `none`: the stream is to be disabled. */
function viewTypeOf(specification: unknown): string {
  const { StreamEnabled: isEnabled, StreamViewType: viewType }: Input = Object(specification) as Input;
  if (isEnabled === false) return 'none';
  if (isEnabled !== true || typeof viewType !== 'string' || !VIEW_TYPES.includes(viewType)) {
    throw validationError(`StreamViewType must be one of: ${VIEW_TYPES.join(', ')}`);
  }
  return viewType;
}
