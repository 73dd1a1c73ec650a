import { signatureRequest } from '../generated/signature';
import { RequestError, schemaErrors } from '../platform/errors';
import { parseJson } from '../platform/json';
import type { SignatureRequest } from '../vod/schemas';

/**
 * The request in the body of `POST /upload-signature`; an absent body asks for nothing in particular.
 *
 * @throws RequestError `invalid-request`, with an error for each member that does not fit
 */
export function parseRequest(body: Uint8Array): SignatureRequest {
  const request = body.length === 0 ? {} : parseJson(body);
  if (signatureRequest(request)) return request;
  const why = request === undefined ? 'the body must be JSON' : 'it does not fit the schema';
  throw new RequestError('invalid-request', `Cannot read request: ${why}`, schemaErrors(signatureRequest.errors));
}
