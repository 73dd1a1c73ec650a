import { RequestError, type PropertyError } from '../platform/errors';
import { omitUndefined } from '../platform/omit-undefined';
import type { SignatureRequest } from '../vod/schemas';

/** The signing rules of a deployment. An empty `procedures` allows no procedure; other empty lists allow any value. */
export interface Policy {
  readonly vodSubAppId: number | undefined;
  readonly oneTimeValid: boolean;
  /** Whether the caller may not choose `oneTimeValid`. */
  readonly oneTimeValidFixed: boolean;
  /** Seconds, for a request without `validFor`. */
  readonly validFor: number;
  /** The largest `validFor`, in seconds. */
  readonly validForMax: number;
  readonly procedures: readonly string[];
  readonly defaultProcedure: string | undefined;
  readonly classIds: readonly number[];
  readonly storageRegions: readonly string[];
}

/**
 * Returns the lifetime of the signature in seconds, whether it is valid once, and its parameters except the key, the
 * times, the random number and the source context.
 *
 * @throws RequestError `invalid-request`, with an error for each property that violates the policy
 */
export function applyPolicy(request: SignatureRequest, policy: Policy) {
  const {
    sourceContext: _context,
    fileName: _fileName,
    fileSize: _fileSize,
    oneTimeValid: requested = policy.oneTimeValid,
    validFor = policy.validFor,
    ...rest
  } = request;
  const oneTimeValid = Boolean(requested);
  const { vodSubAppId, defaultProcedure } = policy;
  const { procedure = defaultProcedure } = request;
  // With an allow-list the default is its first entry: VOD would choose any class, the Web SDK any region.
  const [classId = request.classId] = request.classId === undefined ? policy.classIds : [];
  const [storageRegion = request.storageRegion] = request.storageRegion === undefined ? policy.storageRegions : [];

  const errors = violationsOf({ ...request, oneTimeValid, validFor }, procedure, policy);
  if (errors.length > 0) {
    throw new RequestError('invalid-request', 'Cannot sign upload: the policy of this service refuses it', errors);
  }
  const parameters = { ...rest, ...omitUndefined({ procedure, vodSubAppId, classId, storageRegion }) };
  return { validFor, oneTimeValid, parameters };
}

function violationsOf(
  request: SignatureRequest & { readonly validFor: number },
  procedure: string | undefined,
  policy: Policy,
): PropertyError[] {
  const errors: PropertyError[] = [];
  const refuse = (path: string, message: string) => errors.push({ path, message });
  const allow = <T>(path: string, value: T | undefined, allowed: readonly T[]) => {
    if (value === undefined || allowed.length === 0 || allowed.includes(value)) return;
    refuse(path, `must be one of: ${allowed.join(', ')}`);
  };
  if (policy.oneTimeValidFixed && request.oneTimeValid !== policy.oneTimeValid) {
    refuse('/oneTimeValid', `must be ${String(policy.oneTimeValid)}: this service does not let the caller choose`);
  }
  if (request.validFor > policy.validForMax) refuse('/validFor', `must be at most ${policy.validForMax} seconds`);
  if (request.procedure !== undefined && policy.procedures.length === 0) {
    refuse('/procedure', 'must be absent: this service allows no procedure');
  }
  allow('/procedure', request.procedure, policy.procedures);
  for (const name of ['taskPriority', 'taskNotifyMode'] as const) {
    if (request[name] !== undefined && procedure === undefined) refuse(`/${name}`, 'needs a procedure');
  }
  allow('/classId', request.classId, policy.classIds);
  allow('/storageRegion', request.storageRegion, policy.storageRegions);
  return errors;
}
