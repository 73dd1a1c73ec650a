export interface RetryDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** From 0 up to 1; spreads the retries of many instances. */
  readonly random: () => number;
}

/** Pauses between attempts, in milliseconds: before the first retry, and the longest. */
export interface Pauses {
  readonly first: number;
  readonly max: number;
}

/** Longest pause between two attempts, in milliseconds. */
const MAX_PAUSE = 1_000;

/** A pause in milliseconds before attempt `attempt` (1 is the first retry): doubling, with jitter from 50 % to 100 %. */
export function backoff(attempt: number, random: () => number, first = 50, max = MAX_PAUSE): number {
  return Math.min(first * 2 ** (attempt - 1), max) * (0.5 + random() / 2);
}

/**
 * Returns what `attempt` returns. Retries, with jitter, while it throws an error that is not final, until `deadline`
 * (milliseconds since 1970).
 *
 * @throws what `attempt` threw last
 */
export async function retryUntil<T>(
  deadline: number,
  attempt: () => Promise<T>,
  isFinal: (error: unknown) => boolean,
  { now, sleep, random }: RetryDeps,
): Promise<T> {
  for (let retries = 1; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      const pause = backoff(retries, random);
      if (isFinal(error) || now() + pause >= deadline) throw error;
      await sleep(pause);
    }
  }
}
