// (a) Recording an event the usual way: the AWS SDK's clients, lib-dynamodb, ajv compiled at start.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { respond, eventSchema, isToken, record, update } from './usual.mjs';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(eventSchema);
const ssm = new SSMClient();
const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient());
const { CALLBACK_TOKEN_PARAMETER, SEAL_KEY_PARAMETER, TABLE_NAME } = process.env;
let cached;

async function secrets() {
  if (cached && Date.now() < cached.until) return cached;
  const Names = [CALLBACK_TOKEN_PARAMETER, SEAL_KEY_PARAMETER];
  const { Parameters } = await ssm.send(new GetParametersCommand({ Names, WithDecryption: true }));
  const values = Object.fromEntries(Parameters.map(({ Name, Value }) => [Name, Value]));
  cached = {
    token: values[CALLBACK_TOKEN_PARAMETER],
    sealKey: values[SEAL_KEY_PARAMETER],
    until: Date.now() + 300_000,
  };
  return cached;
}

export async function handler(request, context) {
  const { token, sealKey } = await secrets();
  if (!isToken(request.queryStringParameters?.token, token)) return respond(401, { title: 'Unauthorized' });
  const event = JSON.parse(request.body);
  if (!validate(event)) return respond(400, { title: 'Bad request', errors: validate.errors });
  const outcome = await record(() => dynamodb.send(new UpdateCommand(update(event, sealKey, TABLE_NAME))));
  console.log(JSON.stringify({ level: 'info', requestId: context.awsRequestId, outcome }));
  return respond(200, { outcome });
}
