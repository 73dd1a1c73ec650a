// (a) GET /uploads/{fileId}/playback the usual way: lib-dynamodb, the AWS SDK's client, jsonwebtoken.
import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import jwt from 'jsonwebtoken';
import { ownRow } from './rows-usual.mjs';
import { secretReader } from './secrets-usual.mjs';
import { respond } from './usual.mjs';

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient());
const { TABLE_NAME, PLAYER_KEY_PARAMETER, URL_KEY_PARAMETER, PLAYBACK_APP_ID, PLAYBACK_SECONDS } = process.env;
const secrets = secretReader(PLAYER_KEY_PARAMETER, URL_KEY_PARAMETER);

function signUrl(address, key, expireTime) {
  const url = new URL(address);
  const t = expireTime.toString(16);
  const directory = url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1);
  url.searchParams.set('t', t);
  url.searchParams.set('sign', createHash('md5').update(`${key}${directory}${t}`).digest('hex'));
  return url.href;
}

export async function handler(request, context) {
  const { fileId } = request.pathParameters;
  const command = new GetCommand({ TableName: TABLE_NAME, Key: { fileId }, ConsistentRead: true });
  const row = ownRow((await dynamodb.send(command)).Item, request.requestContext.authorizer.jwt.claims.sub);
  if (!row) return respond(404, { title: 'Not found' });
  if (row.status !== 'ready') return respond(409, { title: 'Conflict' });
  const keys = await secrets();
  const now = Math.floor(Date.now() / 1000);
  const expireTime = now + Number(PLAYBACK_SECONDS);
  const claims = {
    appId: Number(PLAYBACK_APP_ID),
    fileId,
    contentInfo: { audioVideoType: 'Original' },
    currentTimeStamp: now,
    expireTimeStamp: expireTime,
    urlAccessInfo: { t: expireTime.toString(16) },
  };
  const psign = jwt.sign(claims, keys[PLAYER_KEY_PARAMETER], { algorithm: 'HS256', noTimestamp: true });
  const url = signUrl(row.url, keys[URL_KEY_PARAMETER], expireTime);
  console.log(JSON.stringify({ level: 'info', requestId: context.awsRequestId, outcome: 'playback-signed', fileId }));
  return respond(200, { appId: claims.appId, fileId, psign, url, expireTime });
}
