import { signatureRequest } from '../generated/signature';
import { RequestError, schemaErrors } from '../platform/errors';
import { parseJson } from '../platform/json';
import type { SignatureRequest } from '../vod/schemas';

/**
 * Parses the body of `POST /upload-signature`; an absent body is a request without properties.
 *
 * @throws RequestError `invalid-request`, with an error for each property that violates the schema
 */
export function parseRequest(body: Uint8Array): SignatureRequest {
  const request = body.length === 0 ? {} : parseJson(body);
  if (signatureRequest(request)) return request;
  const reason = request === undefined ? 'the body must be JSON' : 'it does not match the schema';
  throw new RequestError('invalid-request', `Cannot read request: ${reason}`, schemaErrors(signatureRequest.errors));
}
