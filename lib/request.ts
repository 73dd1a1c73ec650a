import { signatureRequest } from './generated/signature';
import { RequestError, schemaErrors } from './errors';
import type { SignatureRequest } from './schemas';

/**
 * The request in the body of `POST /upload-signature`; an absent body asks for nothing in particular.
 *
 * @throws RequestError `invalid-request`, with an error for each member that does not fit
 */
export function readRequest(body: string): SignatureRequest {
  if (body === '') return {};
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new RequestError('invalid-request', 'Cannot read request: the body must be JSON');
  }
  if (signatureRequest(request)) return request;
  throw new RequestError(
    'invalid-request',
    'Cannot read request: it does not fit the schema',
    schemaErrors(signatureRequest.errors),
  );
}
