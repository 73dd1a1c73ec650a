import { RequestError, type MemberError } from '../platform/errors';
import { omitUndefined } from '../platform/omit-undefined';
import type { SignatureRequest } from '../vod/schemas';

/** What a deployment lets its users ask for. An empty `procedures` allows none; an empty other list allows any. */
export interface Policy {
  readonly vodSubAppId: number | undefined;
  readonly oneTimeValid: boolean;
  /** Whether `oneTimeValid` is the policy's word and not the caller's choice. */
  readonly oneTimeValidFixed: boolean;
  /** Seconds, where the caller does not say. */
  readonly validFor: number;
  /** Seconds at most. */
  readonly validForMax: number;
  readonly procedures: readonly string[];
  readonly defaultProcedure: string | undefined;
  readonly classIds: readonly number[];
  readonly storageRegions: readonly string[];
}

/**
 * What this request gets under the policy: its lifetime in seconds, whether it is valid once, and the parameters of the
 * signature that the policy decides, which is all but who, when and the source context.
 *
 * @throws RequestError `invalid-request`, with an error for each member that the policy refuses
 */
export function applyPolicy(request: SignatureRequest, policy: Policy) {
  const { sourceContext, oneTimeValid: asked = policy.oneTimeValid, validFor = policy.validFor, ...rest } = request;
  const oneTimeValid = Boolean(asked);
  const { vodSubAppId, procedures, classIds, storageRegions, defaultProcedure, validForMax } = policy;
  const { procedure = defaultProcedure, classId, storageRegion } = request;

  const errors: MemberError[] = [];
  const refuse = (path: string, message: string) => errors.push({ path, message });
  const allow = <T>(path: string, value: T | undefined, allowed: readonly T[]) => {
    if (value === undefined || allowed.includes(value)) return;
    refuse(path, `must be one that is allowed here: ${allowed.join(', ')}`);
  };
  if (policy.oneTimeValidFixed && oneTimeValid !== policy.oneTimeValid) {
    refuse('/oneTimeValid', `is always ${String(policy.oneTimeValid)} here: leave it out`);
  }
  if (validFor > validForMax) refuse('/validFor', `must be at most ${validForMax} seconds here`);
  if (procedures.length > 0) allow('/procedure', request.procedure, procedures);
  else if (request.procedure !== undefined) {
    refuse('/procedure', 'must be left out: no procedure is allowed here');
  }
  for (const name of ['taskPriority', 'taskNotifyMode'] as const) {
    if (request[name] !== undefined && procedure === undefined) refuse(`/${name}`, 'needs a procedure');
  }
  if (classIds.length > 0) allow('/classId', classId, classIds);
  if (storageRegions.length > 0) allow('/storageRegion', storageRegion, storageRegions);
  if (errors.length > 0) {
    throw new RequestError('invalid-request', 'Cannot sign upload: the policy of this service refuses it', errors);
  }
  return { validFor, oneTimeValid, parameters: { ...rest, ...omitUndefined({ procedure, vodSubAppId }) } };
}
