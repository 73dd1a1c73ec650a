// (b) Signing with middy and Powertools for AWS Lambda.
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { getParametersByName } from '@aws-lambda-powertools/parameters/ssm';
import middy from '@middy/core';
import httpErrorHandler from '@middy/http-error-handler';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import validator from '@middy/validator';
import { transpileSchema } from '@middy/validator/transpile';
import { respond, policyOf, signature, signingSchema } from './usual.mjs';

const logger = new Logger({ serviceName: 'bench' });
const policy = policyOf(process.env);
const { VOD_KEY_PARAMETER, SEAL_KEY_PARAMETER } = process.env;
const body = { type: 'object', properties: { body: signingSchema } };

export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(httpJsonBodyParser())
  .use(validator({ eventSchema: transpileSchema(body) }))
  .use(httpErrorHandler())
  .handler(async (event) => {
    const names = { [VOD_KEY_PARAMETER]: { maxAge: 300 }, [SEAL_KEY_PARAMETER]: { maxAge: 300 } };
    const values = await getParametersByName(names, { decrypt: true });
    const request = event.body;
    if (request.procedure && !policy.procedures.includes(request.procedure))
      return respond(400, { title: 'Bad request' });
    const pair = JSON.parse(values[VOD_KEY_PARAMETER]);
    const caller = event.requestContext.authorizer.jwt.claims.sub;
    const signed = signature(request, caller, pair, values[SEAL_KEY_PARAMETER], policy);
    logger.info('signed');
    return respond(200, signed);
  });
