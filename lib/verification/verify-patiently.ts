import { codeOf, isAccountError, isRateError, isTransient } from '../vod/api';
import { verify, type Candidate, type Verified, type VerifyDeps } from './verify';

/** At most this many files are verified one by one if every call failed. */
const MAX_SINGLE_CALLS = 20;

/** Pauses before each retry, in milliseconds. */
const PAUSES = [1_000, 3_000];

export interface PatientDeps extends VerifyDeps {
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * As {@link verify}, for a caller that has time: candidates for which VOD or the table did not respond are verified
 * again, in the last attempt each with its own call, so that a file for which calls fail does not affect the others.
 *
 * @throws Error when there are several candidates and all failed: VOD or the table is unavailable
 */
export async function verifyPatiently(candidates: readonly Candidate[], deps: PatientDeps): Promise<Verified[]> {
  const results = new Map<string, Verified>();
  let pending = candidates;
  for (const pause of [0, ...PAUSES]) {
    if (pause > 0) await deps.sleep(pause);
    // If every file failed, VOD or the table is unavailable, and many single calls would fail as well.
    const isSingle =
      pause === PAUSES.at(-1) && (pending.length < candidates.length || pending.length <= MAX_SINGLE_CALLS);
    const verified = isSingle
      ? (await Promise.all(pending.map((candidate) => verify([candidate], deps)))).flat()
      : await verify(pending, deps);
    for (const one of verified) results.set(one.fileId, one);
    pending = pending.filter(({ fileId }) => isTransientFailure(results.get(fileId)));
    if (pending.length === 0 || deps.now() >= deps.deadline) break;
  }
  const all = [...results.values()];
  if (all.length > 1 && all.every(isOutage)) throw new Error('Cannot verify: VOD or the table does not respond');
  return all;
}

/** Whether a retry may help: a permanent refusal concerns that file alone. */
function isTransientFailure(verified: Verified | undefined): boolean {
  if (verified?.outcome === 'unavailable') return true;
  return verified?.outcome === 'waiting' && verified.error !== undefined && isTransient(verified.error);
}

/** Whether the outcome is not about this file: VOD did not respond, or refuses the account or the rate. */
function isOutage({ outcome, error }: Verified): boolean {
  if (outcome === 'unavailable') return true;
  if (outcome !== 'waiting' || error === undefined) return false;
  return codeOf(error) === undefined || isAccountError(error) || isRateError(error);
}
