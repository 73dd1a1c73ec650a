import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { isCaller, MAX_CALLER_BYTES } from '../vod/source-context';

/**
 * The caller that the JWT authorizer authenticated: the claim `sub`.
 *
 * @param action for the message, for example "sign upload"
 * @throws RequestError `forbidden` when the claim cannot be a caller
 */
export function callerOf(event: APIGatewayProxyEventV2WithJWTAuthorizer, action: string): string {
  const { sub } = event.requestContext.authorizer.jwt.claims;
  if (isCaller(sub)) return sub;
  const rule = `the token needs a claim "sub" of 1 to ${MAX_CALLER_BYTES} bytes that are not all white space`;
  throw new RequestError('forbidden', `Cannot ${action}: ${rule}`);
}
