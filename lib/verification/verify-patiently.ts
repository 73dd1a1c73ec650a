import { isTransient } from '../vod/api';
import { verify, type Candidate, type Verified, type VerifyDeps } from './verify';

/** How many calls of one file each are made although no call was answered. */
const MAX_SINGLE_CALLS = 20;

/** Pauses before another try, in milliseconds. */
const PAUSES = [1_000, 3_000];

export interface PatientDeps extends VerifyDeps {
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * As {@link verify}, for a caller that has time: candidates about which VOD, or the table, did not answer are verified
 * again, at last each in a call of its own, so that a file that makes calls fail takes no other along.
 *
 * @throws Error when several candidates came to no answer and none to one: then nobody answers at all
 */
export async function verifyPatiently(candidates: readonly Candidate[], deps: PatientDeps): Promise<Verified[]> {
  const results = new Map<string, Verified>();
  let pending = candidates;
  for (const pause of [0, ...PAUSES]) {
    if (pause > 0) await deps.sleep(pause);
    // Where nobody answered about any file, single calls would only find out the same once more.
    const isSingle =
      pause === PAUSES.at(-1) && (pending.length < candidates.length || pending.length <= MAX_SINGLE_CALLS);
    const verified = isSingle
      ? (await Promise.all(pending.map((candidate) => verify([candidate], deps)))).flat()
      : await verify(pending, deps);
    for (const one of verified) results.set(one.fileId, one);
    pending = pending.filter(({ fileId }) => isUnanswered(results.get(fileId)));
    if (pending.length === 0 || deps.now() >= deps.deadline) break;
  }
  if (pending.length > 1 && pending.length === candidates.length) throw new Error('VOD or the table does not answer');
  return [...results.values()];
}

/** No answer came, or it could not be stored; a refusal with a code is an answer about that file. */
function isUnanswered(verified: Verified | undefined): boolean {
  if (verified?.outcome === 'unavailable') return true;
  return verified?.outcome === 'waiting' && verified.error !== undefined && isTransient(verified.error);
}
