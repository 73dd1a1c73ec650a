// (b) Recording an event with middy and Powertools for AWS Lambda, made idempotent as its documentation does it.
import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { getParametersByName } from '@aws-lambda-powertools/parameters/ssm';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import httpErrorHandler from '@middy/http-error-handler';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import validator from '@middy/validator';
import { transpileSchema } from '@middy/validator/transpile';
import { respond, eventSchema, isToken, record, update } from './usual.mjs';

const logger = new Logger({ serviceName: 'bench' });
const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient());
const { CALLBACK_TOKEN_PARAMETER, SEAL_KEY_PARAMETER, TABLE_NAME, IDEMPOTENCY_TABLE_NAME } = process.env;
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: IDEMPOTENCY_TABLE_NAME });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'body' });

export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(makeHandlerIdempotent({ persistenceStore, config }))
  .use(httpJsonBodyParser())
  .use(validator({ eventSchema: transpileSchema({ type: 'object', properties: { body: eventSchema } }) }))
  .use(httpErrorHandler())
  .handler(async (request) => {
    const names = { [CALLBACK_TOKEN_PARAMETER]: { maxAge: 300 }, [SEAL_KEY_PARAMETER]: { maxAge: 300 } };
    const values = await getParametersByName(names, { decrypt: true });
    const isAllowed = isToken(request.queryStringParameters?.token, values[CALLBACK_TOKEN_PARAMETER]);
    if (!isAllowed) return respond(401, { title: 'Unauthorized' });
    const change = update(request.body, values[SEAL_KEY_PARAMETER], TABLE_NAME);
    const outcome = await record(() => dynamodb.send(new UpdateCommand(change)));
    logger.info(outcome);
    return respond(200, { outcome });
  });
