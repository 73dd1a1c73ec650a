import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndexDescription,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { describe } from '../../lib/platform/log';
import type { Deployment, Outputs } from '../deployment/deployment';
import { explainAws, isBusy } from '../refusals';
import type { Check, Findings } from './findings';

const PARTS: readonly Check[] = ['table-stream', 'table-indexes', 'table-ttl', 'table-backups', 'table-protection'];
const TTL_ATTRIBUTE = '_expiresAt';

interface Index {
  readonly name: string;
  readonly hashKey: string;
  /** Attributes in addition to the keys. */
  readonly attributes: readonly string[];
}

/** As in serverless.yml; all are sorted by `sortTime`. */
const INDEXES: readonly Index[] = [
  { name: 'byUploader', hashKey: 'uploader', attributes: ['sourceContext'] },
  { name: 'bySourceContext', hashKey: 'sourceContext', attributes: [] },
];

/**
 * A table that was restored from a backup has no stream, TTL, point-in-time recovery or protection, and may lack indexes: each
 * is a fault of its own.
 */
export async function checkTable(
  deployment: Deployment,
  outputs: Outputs | undefined,
  findings: Findings,
): Promise<void> {
  if (!outputs) {
    findings.notChecked(['table', ...partsOf(deployment)], 'requires the stack, see "stack"');
    return;
  }
  const table = await describeTable(deployment.dynamodb, outputs.tableName, findings);
  if (!table) {
    findings.notChecked(partsOf(deployment), 'requires the table, see "table"');
    return;
  }
  checkStream(deployment, table, outputs, findings);
  checkIndexes(table, findings);
  const isChecked = new Set(partsOf(deployment));
  const { tableName } = outputs;
  if (isChecked.has('table-ttl')) await checkTimeToLive(deployment, tableName, findings);
  if (isChecked.has('table-backups')) await checkBackups(deployment, tableName, findings);
  if (isChecked.has('table-protection')) checkProtection(deployment, table, findings);
}

/** The local table has no TTL and no backups, and only prod is protected. */
function partsOf({ isLocal, stage }: Deployment): readonly Check[] {
  const unused: readonly Check[] = [
    ...(isLocal ? (['table-ttl', 'table-backups'] as const) : []),
    ...(stage === 'prod' ? [] : (['table-protection'] as const)),
  ];
  return PARTS.filter((check) => !unused.includes(check));
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
    const reason = explainAws(error, { action: 'dynamodb:DescribeTable', resource: tableName });
    if (describe(error).error === 'ResourceNotFoundException') {
      findings.fault(
        'table',
        `${tableName} does not exist: restore a backup of it under this name; a deploy does not create it again`,
      );
    } else if (isBusy(error)) findings.notChecked(['table'], reason);
    else findings.fault('table', `${tableName} cannot be described: ${reason}`);
    return undefined;
  }
}

/** Nothing that an event brings is verified without the stream. */
function checkStream(
  { region }: Deployment,
  table: TableDescription,
  { streamArn }: Outputs,
  findings: Findings,
): void {
  const { StreamSpecification: stream, LatestStreamArn: latest = '' } = table;
  const createMapping =
    'allow its ARN in the policy upload-changed-stream of the role of uploadChanged, then create an event source mapping from it to that function';
  if (!stream?.StreamEnabled) {
    const advice = `enable it with NEW_AND_OLD_IMAGES; ${createMapping}`;
    findings.fault('table-stream', `it is off, so no row is verified: ${advice}`);
  } else if (stream.StreamViewType !== 'NEW_AND_OLD_IMAGES') {
    const advice = `disable it, enable it with NEW_AND_OLD_IMAGES; ${createMapping}`;
    const viewType = stream.StreamViewType ?? 'not set';
    findings.fault('table-stream', `its StreamViewType is ${viewType}, must be NEW_AND_OLD_IMAGES: ${advice}`);
  } else if (streamArn !== undefined && latest !== streamArn) {
    const list = `aws lambda list-event-source-mappings --region ${region}`;
    const advice = `${createMapping} (${list} lists the present ones)`;
    findings.fault('table-stream', `the stack has ${streamArn}, the table has ${latest}: ${advice}`);
  } else {
    findings.ok('table-stream', latest);
  }
}

function checkIndexes({ GlobalSecondaryIndexes: indexes = [] }: TableDescription, findings: Findings): void {
  const missing = INDEXES.filter((index) => !isSuitable(index, indexes));
  const building = indexes.filter(({ IndexStatus: status = 'ACTIVE' }) => status !== 'ACTIVE');
  if (missing.length > 0) {
    const descriptions = missing.map(({ name, hashKey, attributes }) => {
      return `${name} (${hashKey}, sortTime${attributes.length === 0 ? '' : `, with ${attributes.join(', ')}`})`;
    });
    findings.fault(
      'table-indexes',
      `missing: ${descriptions.join(' and ')}; create them as in serverless.yml, one at a time`,
    );
  } else if (building.length > 0) {
    const names = building.map(({ IndexName: name }) => name).join(' and ');
    findings.fault('table-indexes', `${names} is not ACTIVE: wait until it is`);
  } else {
    findings.ok('table-indexes', INDEXES.map(({ name }) => name).join(', '));
  }
}

/** Whether the table has the index with its keys and attributes. */
function isSuitable(
  { name, hashKey, attributes }: Index,
  indexes: readonly GlobalSecondaryIndexDescription[],
): boolean {
  const { KeySchema: keys = [], Projection: projection } = indexes.find((index) => index.IndexName === name) ?? {};
  if (keys.map(({ AttributeName: attribute }) => attribute).join() !== `${hashKey},sortTime`) return false;
  if (projection?.ProjectionType === 'ALL') return true;
  return attributes.every((attribute) => projection?.NonKeyAttributes?.includes(attribute));
}

async function checkTimeToLive({ dynamodb }: Deployment, tableName: string, findings: Findings): Promise<void> {
  try {
    const response = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: tableName }));
    const { TimeToLiveStatus: status = 'DISABLED', AttributeName: attribute } = response.TimeToLiveDescription ?? {};
    const isOn = status === 'ENABLED' || status === 'ENABLING';
    if (isOn && attribute === TTL_ATTRIBUTE) findings.ok('table-ttl', `${TTL_ATTRIBUTE} is ${status}`);
    else {
      const has = isOn ? `it is on ${attribute ?? 'another attribute'}` : `it is ${status}`;
      const advice = `enable it on ${TTL_ATTRIBUTE}: rows of files that VOD does not know are never deleted without it`;
      findings.fault('table-ttl', `${has}: ${advice}`);
    }
  } catch (error) {
    const need = { action: 'dynamodb:DescribeTimeToLive', resource: tableName };
    findings.notChecked(['table-ttl'], explainAws(error, need));
  }
}

async function checkBackups({ dynamodb, region }: Deployment, tableName: string, findings: Findings): Promise<void> {
  try {
    const response = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: tableName }));
    const { PointInTimeRecoveryDescription: recovery } = response.ContinuousBackupsDescription ?? {};
    if (recovery?.PointInTimeRecoveryStatus === 'ENABLED') {
      findings.ok('table-backups', 'point-in-time recovery is on');
      return;
    }
    const command = `aws dynamodb update-continuous-backups --region ${region} --table-name ${tableName}`;
    const advice = `turn it on (${command} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true)`;
    findings.fault('table-backups', `point-in-time recovery is off, so lost rows cannot be restored: ${advice}`);
  } catch (error) {
    const need = { action: 'dynamodb:DescribeContinuousBackups', resource: tableName };
    findings.notChecked(['table-backups'], explainAws(error, need));
  }
}

function checkProtection({ region }: Deployment, table: TableDescription, findings: Findings): void {
  if (table.DeletionProtectionEnabled) {
    findings.ok('table-protection', 'deletion protection is on');
    return;
  }
  const command = `aws dynamodb update-table --region ${region} --table-name ${table.TableName ?? ''}`;
  findings.fault(
    'table-protection',
    `deletion protection is off: turn it on (${command} --deletion-protection-enabled)`,
  );
}
