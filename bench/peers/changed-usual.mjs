// (a) Handling a batch of the table's stream the usual way: queues notifications of the app, and describes in VOD the
// rows that an event has changed. The AWS SDK's clients, lib-dynamodb, the vendor's SDK.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { vod } from 'tencentcloud-sdk-nodejs-vod';
import { outputsOf, view } from './rows-usual.mjs';
import { secretReader } from './secrets-usual.mjs';
import { openSourceContext } from './usual.mjs';

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient());
const sqs = new SQSClient();
const { TABLE_NAME, NOTIFICATIONS_QUEUE_URL, VOD_API_URL, VOD_API_KEY_PARAMETER, SEAL_KEY_PARAMETER, VOD_SUB_APP_ID } =
  process.env;
const secrets = secretReader(VOD_API_KEY_PARAMETER, SEAL_KEY_PARAMETER);
const { protocol, host } = new URL(VOD_API_URL);
const profile = { httpProfile: { protocol: `${protocol}//`, endpoint: host } };
const MAX_FILES_PER_CALL = 20;
const MAX_MESSAGES_PER_CALL = 10;

const chunks = (items, size) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

async function notify(changes) {
  const entries = changes.map(({ after }, index) => {
    const data = { ...view(after), outputs: outputsOf(after), uploader: after.uploader };
    const body = JSON.stringify({ type: `upload.${after.status}`, timestamp: after.updatedAt, data });
    return { Id: String(index), MessageBody: `msg_${after.fileId}_${after.version}\n${body}` };
  });
  for (const Entries of chunks(entries, MAX_MESSAGES_PER_CALL)) {
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: NOTIFICATIONS_QUEUE_URL, Entries }));
  }
}

async function confirm(row, info, sealKey) {
  const { BasicInfo: basic, MetaData: meta } = info;
  const { uploader, sourceContext } = openSourceContext(basic.SourceInfo?.SourceContext ?? '', sealKey);
  const attributes = {
    status: 'ready',
    trust: 'confirmed',
    name: basic.Name,
    type: basic.Type,
    category: basic.Category,
    url: basic.MediaUrl,
    coverUrl: basic.CoverUrl || undefined,
    size: meta?.Size,
    duration: meta?.Duration,
    width: meta?.Width,
    height: meta?.Height,
    createTime: basic.CreateTime,
    sortTime: basic.CreateTime,
    seal: uploader === undefined ? 'none' : 'valid',
    uploader,
    sourceContext,
    confirmedAt: new Date().toISOString(),
    updatedAt: new Date().toISOString(),
    version: row.version + 1,
  };
  const defined = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  const command = new UpdateCommand({
    TableName: TABLE_NAME,
    Key: { fileId: row.fileId },
    UpdateExpression: `SET ${defined.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    ConditionExpression: '#version = :before',
    ExpressionAttributeNames: Object.fromEntries(defined.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ...Object.fromEntries(defined.map(([name, value]) => [`:${name}`, value])),
      ':before': row.version,
    },
  });
  await dynamodb.send(command);
}

async function verify(rows) {
  const { [VOD_API_KEY_PARAMETER]: pair, [SEAL_KEY_PARAMETER]: sealKey } = await secrets();
  const client = new vod.v20180717.Client({ credential: JSON.parse(pair), profile });
  const byId = new Map(rows.map((row) => [row.fileId, row]));
  const requests = chunks([...byId.keys()], MAX_FILES_PER_CALL).map((FileIds) =>
    client.DescribeMediaInfos({ FileIds, Filters: ['basicInfo', 'metaData'], SubAppId: Number(VOD_SUB_APP_ID) }),
  );
  for (const { MediaInfoSet } of await Promise.all(requests)) {
    const writes = MediaInfoSet.map((info) => confirm(byId.get(info.FileId), info, sealKey));
    for (const { reason } of await Promise.allSettled(writes)) {
      if (reason && reason.name !== 'ConditionalCheckFailedException') throw reason;
    }
  }
}

export async function handler({ Records }, { awsRequestId: requestId }) {
  const changes = Records.flatMap(({ dynamodb: { OldImage: before, NewImage: after } }) =>
    after ? [{ before: before && unmarshall(before), after: unmarshall(after) }] : [],
  );
  const pushed = changes.map(({ after }) => after).filter(({ trust }) => trust === 'pushed');
  const ready = changes.filter(
    ({ before, after }) => after.trust === 'confirmed' && after.status === 'ready' && before?.status !== 'ready',
  );
  try {
    if (ready.length > 0) await notify(ready);
    if (pushed.length > 0) await verify(pushed);
    console.log(JSON.stringify({ level: 'info', requestId, outcome: 'verified', rows: pushed.length }));
    return { batchItemFailures: [] };
  } catch (error) {
    console.log(JSON.stringify({ level: 'error', requestId, outcome: 'error', reason: error.message }));
    return { batchItemFailures: [{ itemIdentifier: Records[0].dynamodb.SequenceNumber }] };
  }
}
