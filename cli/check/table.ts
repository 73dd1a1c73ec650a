import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { describe } from '../../lib/platform/log';
import type { Deployment, Outputs } from '../deployment/deployment';
import type { Check, Findings } from './findings';

const PARTS: readonly Check[] = ['table-stream', 'table-indexes', 'table-ttl', 'table-protection'];
const TTL_ATTRIBUTE = '_expiresAt';
/** The hash key of each index; all are sorted by `sortTime`. */
const INDEXES: ReadonlyMap<string, string> = new Map([
  ['byUploader', 'uploader'],
  ['bySourceContext', 'sourceContext'],
]);

/** A table that was restored from a backup has no stream, TTL or protection: each is a fault of its own. */
export async function checkTable(
  deployment: Deployment,
  outputs: Outputs | undefined,
  findings: Findings,
): Promise<void> {
  if (!outputs) {
    findings.notChecked(['table', ...partsOf(deployment)], 'the stack must be there first');
    return;
  }
  const table = await describeTable(deployment.dynamodb, outputs.tableName, findings);
  if (!table) {
    findings.notChecked(partsOf(deployment), 'the table must be there first');
    return;
  }
  checkStream(table, outputs, findings);
  checkIndexes(table, findings);
  const isChecked = new Set(partsOf(deployment));
  if (isChecked.has('table-ttl')) await checkTimeToLive(deployment.dynamodb, outputs.tableName, findings);
  if (isChecked.has('table-protection')) checkProtection(table, findings);
}

/** The local table has no TTL, and only prod is protected. */
function partsOf({ isLocal, stage }: Deployment): readonly Check[] {
  const left: readonly Check[] = [
    ...(isLocal ? (['table-ttl'] as const) : []),
    ...(stage === 'prod' ? [] : (['table-protection'] as const)),
  ];
  return PARTS.filter((check) => !left.includes(check));
}

async function describeTable(
  dynamodb: DynamoDBClient,
  tableName: string,
  findings: Findings,
): Promise<TableDescription | undefined> {
  try {
    const { Table: table } = await dynamodb.send(new DescribeTableCommand({ TableName: tableName }));
    const status = table?.TableStatus ?? 'UNKNOWN';
    if (status === 'ACTIVE') findings.ok('table', `${tableName} is ACTIVE`);
    else findings.fault('table', `${tableName} is ${status}: wait until it is ACTIVE`);
    return table;
  } catch (error) {
    const { error: name, reason } = describe(error);
    if (name === 'ResourceNotFoundException') {
      findings.fault('table', `${tableName} is not there: restore a backup of it under this name, or deploy again`);
    } else if (name.startsWith('AccessDenied')) {
      findings.fault('table', `${tableName} cannot be described: allow dynamodb:DescribeTable`);
    } else {
      findings.fault('table', `${tableName} cannot be described: ${reason}`);
    }
    return undefined;
  }
}

/** Nothing that an event brings is verified without the stream. */
function checkStream(table: TableDescription, { streamArn }: Outputs, findings: Findings): void {
  const { StreamSpecification: stream, LatestStreamArn: latest = '' } = table;
  if (!stream?.StreamEnabled) {
    const advice = 'turn it on with NEW_AND_OLD_IMAGES and let the function uploadChanged read it';
    findings.fault('table-stream', `it is off, so no row is verified: ${advice}`);
  } else if (stream.StreamViewType !== 'NEW_AND_OLD_IMAGES') {
    const advice = 'turn it off, on again with NEW_AND_OLD_IMAGES, and let the function uploadChanged read it';
    findings.fault('table-stream', `it has ${stream.StreamViewType ?? 'no images'}: ${advice}`);
  } else if (streamArn !== undefined && latest !== streamArn) {
    const advice = 'let the function uploadChanged read it (aws lambda list-event-source-mappings shows what it reads)';
    findings.fault('table-stream', `the stack has ${streamArn}, the table has ${latest}: ${advice}`);
  } else {
    findings.ok('table-stream', latest);
  }
}

function checkIndexes({ GlobalSecondaryIndexes: indexes = [] }: TableDescription, findings: Findings): void {
  const missing = [...INDEXES].filter(([name, hashKey]) => {
    const keys = indexes.find((index) => index.IndexName === name)?.KeySchema ?? [];
    const names = keys.map(({ AttributeName: attribute }) => attribute);
    return names.join() !== `${hashKey},sortTime`;
  });
  const building = indexes.filter(({ IndexStatus: status = 'ACTIVE' }) => status !== 'ACTIVE');
  if (missing.length > 0) {
    const wanted = missing.map(([name, hashKey]) => `${name} (${hashKey}, sortTime)`).join(' and ');
    findings.fault('table-indexes', `${wanted} must be there: create what is missing, one at a time`);
  } else if (building.length > 0) {
    const names = building.map(({ IndexName: name }) => name).join(' and ');
    findings.fault('table-indexes', `${names} is not ACTIVE: wait until it is`);
  } else {
    findings.ok('table-indexes', [...INDEXES.keys()].join(', '));
  }
}

async function checkTimeToLive(dynamodb: DynamoDBClient, tableName: string, findings: Findings): Promise<void> {
  try {
    const answer = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: tableName }));
    const { TimeToLiveStatus: status = 'DISABLED', AttributeName: attribute } = answer.TimeToLiveDescription ?? {};
    const isOn = status === 'ENABLED' || status === 'ENABLING';
    if (isOn && attribute === TTL_ATTRIBUTE) findings.ok('table-ttl', `${TTL_ATTRIBUTE} is ${status}`);
    else {
      const has = isOn ? `it is on ${attribute ?? 'another attribute'}` : `it is ${status}`;
      const advice = `enable it on ${TTL_ATTRIBUTE}, or rows of files that VOD does not know stay for ever`;
      findings.fault('table-ttl', `${has}: ${advice}`);
    }
  } catch (error) {
    const { error: name, reason } = describe(error);
    const isDenied = name.startsWith('AccessDenied');
    findings.notChecked(['table-ttl'], isDenied ? 'allow dynamodb:DescribeTimeToLive' : reason);
  }
}

function checkProtection({ DeletionProtectionEnabled: isProtected }: TableDescription, findings: Findings): void {
  if (isProtected) findings.ok('table-protection', 'deletion protection is on');
  else findings.fault('table-protection', 'deletion protection is off: turn it on (aws dynamodb update-table)');
}
