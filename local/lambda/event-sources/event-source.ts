/** Something that calls a function by itself. */
export interface EventSource {
  /** Resolves when nothing waits to be delivered and no batch is under way. */
  readonly idle: () => Promise<void>;
  /** How many calls it has begun. */
  readonly invocations: () => number;
  /** Starts no more calls; waits up to {@link STOP_TIMEOUT} for those in progress. */
  readonly stop: () => Promise<void>;
}

/** In milliseconds: the functions end next, and what they did not finish is delivered again after the next start. */
export const STOP_TIMEOUT = 2_000;
