import { jsonObject, readBody, replyJson, type Call } from './http';
import { LocalError } from './local-error';
import { findViolation, integer, number, oneOf, type Rule } from './rules';

/** Faults that can be switched on at run time. Probabilities are from 0 to 1. */
export interface Faults {
  /** Probability that an event is not sent. */
  readonly drop: number;
  /** Probability that an event is sent twice. */
  readonly duplicate: number;
  /** Probability that an event is sent after the next one. */
  readonly reorder: number;
  /** Pause before an event is sent. */
  readonly delayMs: number;
  readonly format: '3.0' | '2.0' | 'both';
  readonly seed: number;
  /** Probability that a server API call fails with InternalError. */
  readonly api: number;
  /** Time after the creation of a file during which DescribeMediaInfos and SearchMedia do not show it. */
  readonly visibleAfterMs: number;
  /** Time after the creation of a file during which the server API and events have no media information. */
  readonly analysedAfterMs: number;
}

export const NO_FAULTS: Faults = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  format: '3.0',
  seed: 1,
  api: 0,
  visibleAfterMs: 0,
  analysedAfterMs: 0,
};

const MAX_DELAY_MS = 600_000;

const PROBABILITY = number(0, 1);
const DELAY = integer(0, MAX_DELAY_MS);

export const FAULT_RULES: Readonly<Record<keyof Faults, Rule>> = {
  drop: PROBABILITY,
  duplicate: PROBABILITY,
  reorder: PROBABILITY,
  delayMs: DELAY,
  format: oneOf(['3.0', '2.0', 'both']),
  seed: { isValid: Number.isSafeInteger, expected: 'an integer' },
  api: PROBABILITY,
  visibleAfterMs: DELAY,
  analysedAfterMs: DELAY,
};

/** Holds the current faults and draws from their probabilities. The same seed gives the same draws. */
export class FaultInjector {
  #faults = NO_FAULTS;
  #callbackRandom = randomFrom(NO_FAULTS.seed);
  #apiRandom = apiRandomFrom(NO_FAULTS.seed);

  get current(): Faults {
    return this.#faults;
  }

  /** Changes the given faults, or resets all of them, restarts the draws, and returns the current values. */
  change(changed: Partial<Faults> | undefined): Faults {
    this.#faults = changed ? { ...this.#faults, ...changed } : NO_FAULTS;
    this.#callbackRandom = randomFrom(this.#faults.seed);
    this.#apiRandom = apiRandomFrom(this.#faults.seed);
    return this.#faults;
  }

  /** The faults of the next event. */
  drawCallback(): { readonly isDropped: boolean; readonly isDuplicated: boolean; readonly isReordered: boolean } {
    // Always three draws, so that one probability does not change which events another one hits.
    const drop = this.#callbackRandom();
    const duplicate = this.#callbackRandom();
    const reorder = this.#callbackRandom();
    return {
      isDropped: drop < this.#faults.drop,
      isDuplicated: duplicate < this.#faults.duplicate,
      isReordered: reorder < this.#faults.reorder,
    };
  }

  /** Whether the next server API call fails. */
  drawApiFailure(): boolean {
    return this.#apiRandom() < this.#faults.api;
  }

  /** Whether the server API shows a file. */
  isVisible(createTime: number, now: number): boolean {
    return this.#faults.visibleAfterMs === 0 || now >= createTime + this.#faults.visibleAfterMs;
  }

  /** Whether the media information of a file is known. */
  isAnalysed(createTime: number, now: number): boolean {
    return this.#faults.analysedAfterMs === 0 || now >= createTime + this.#faults.analysedAfterMs;
  }
}

/** `GET` returns the faults, `PUT` changes some of them, `DELETE` resets all of them. */
export async function handleFaults({ request, response, method }: Call, faults: FaultInjector): Promise<void> {
  if (method === 'GET') {
    replyJson(response, 200, faults.current);
  } else if (method === 'DELETE') {
    replyJson(response, 200, faults.change(undefined));
  } else if (method === 'PUT') {
    const changed: Partial<Faults> | undefined = jsonObject(await readBody(request));
    const violation = findViolation(changed, FAULT_RULES);
    if (violation !== undefined) throw new LocalError(400, violation);
    replyJson(response, 200, faults.change(changed ?? {}));
  } else {
    throw new LocalError(405, `The method must be GET, PUT or DELETE, not ${method}`);
  }
}

/** A sequence of its own, so that the number of API calls does not change which events are hit. */
function apiRandomFrom(seed: number): () => number {
  return randomFrom(seed ^ 0x5f356495);
}

/** Returns a generator of numbers from 0 up to and not including 1, determined by the seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
