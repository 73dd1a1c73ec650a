// (a) GET /uploads/{fileId} the usual way: lib-dynamodb.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { respond } from './usual.mjs';
import { outputsOf, ownRow, view } from './rows-usual.mjs';

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient());
const { TABLE_NAME } = process.env;

export async function handler(request, context) {
  const { fileId } = request.pathParameters;
  const command = new GetCommand({ TableName: TABLE_NAME, Key: { fileId }, ConsistentRead: true });
  const row = ownRow((await dynamodb.send(command)).Item, request.requestContext.authorizer.jwt.claims.sub);
  if (!row) return respond(404, { title: 'Not found' });
  const etag = `"${row.version}"`;
  console.log(JSON.stringify({ level: 'info', requestId: context.awsRequestId, outcome: 'read', fileId }));
  if (request.headers['if-none-match'] === etag) return { statusCode: 304, headers: { etag } };
  const response = respond(200, { ...view(row), outputs: outputsOf(row) });
  return { ...response, headers: { ...response.headers, etag, 'cache-control': 'private, no-cache' } };
}
