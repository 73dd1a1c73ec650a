import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { getField, parseJson } from '../platform/json';
import { isCaller, MAX_CALLER_BYTES } from '../vod/source-context';

/**
 * The caller that the JWT authorizer authenticated: the claim `sub`.
 *
 * @param action for the message, for example "sign upload"
 * @throws RequestError `forbidden` when the claim cannot be a caller
 */
export function callerOf(event: APIGatewayProxyEventV2WithJWTAuthorizer, action: string): string {
  const { sub } = event.requestContext.authorizer.jwt.claims;
  if (isCaller(sub) && isString(event, 'sub')) return sub;
  const rule = `the token needs a claim "sub" of 1 to ${MAX_CALLER_BYTES} bytes that are not all white space`;
  throw new RequestError('forbidden', `Cannot ${action}: ${rule}`);
}

/**
 * Whether a claim is a string. API Gateway passes every claim as one, `null` as "null" and `true` as "true", so that all
 * users with such a token would be one caller; the token itself, which API Gateway has verified, has the type.
 */
function isString({ headers }: APIGatewayProxyEventV2WithJWTAuthorizer, claim: string): boolean {
  const [, payload = ''] = (headers['authorization'] ?? '').split('.');
  const claims = parseJson(Buffer.from(payload, 'base64url'));
  return claims === undefined || typeof getField(claims, claim) === 'string';
}
