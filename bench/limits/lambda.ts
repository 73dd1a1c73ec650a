import type { Clock } from './clock';
import type { LimitMeter } from './meter';
import { DURATION, LAMBDA, LAMBDA_SCALING } from './quotas';
import { tokenBucket } from './rates';
import type { ReadSecrets } from './secrets';

interface LambdaDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly concurrency: number;
  readonly readSecrets: ReadSecrets;
}

/** Concurrent executions of all functions. */
interface Account {
  busy: number;
}

/** The functions of an account in a region, which share its concurrency. */
export function lambdaAccount(deps: LambdaDeps) {
  const account: Account = { busy: 0 };
  const functions: HttpFunction[] = [];
  return {
    /** Counts an invocation that an event source mapping makes; it is never throttled. */
    occupy: (): void => {
      account.busy++;
    },
    release: (): void => {
      account.busy--;
    },
    /** Call this in each millisecond. */
    onMillisecond: (time: number): void => {
      for (const one of functions) one.onMillisecond(time);
      deps.meter.use('lambdaConcurrency', account.busy / 1_000);
    },
    httpFunction: (): HttpFunction => {
      const created = new HttpFunction(account, deps);
      functions.push(created);
      return created;
    },
  };
}

export type LambdaAccount = ReturnType<typeof lambdaAccount>;

/** Longer than any warm invocation, in milliseconds. */
const RING = 4_096;

/** A function that a gateway invokes, with its execution environments. */
class HttpFunction {
  #idle = 0;
  /** How many environments become idle in each millisecond. */
  readonly #returning = new Int32Array(RING);
  readonly #scaling;

  constructor(
    private readonly account: Account,
    private readonly deps: LambdaDeps,
  ) {
    const { environments, milliseconds } = LAMBDA_SCALING;
    this.#scaling = tokenBucket((environments * 1_000) / milliseconds, environments, deps.clock.now);
  }

  onMillisecond(time: number): void {
    const returned = this.#returning[time % RING] ?? 0;
    this.#idle += returned;
    this.account.busy -= returned;
    this.#returning[time % RING] = 0;
  }

  /**
   * Invokes the function with a number of requests, one after the other. `serve` is called with whether the environment
   * has its secrets, and calls `finish` when it has its response. Returns false when Lambda throttles the invocation.
   */
  invoke(requests: number, serve: (isReady: boolean, finish: () => void) => void): boolean {
    const isWarm = this.#idle > 0;
    if (!isWarm && !this.#hasPlace()) return false;
    this.account.busy++;
    if (isWarm) {
      this.#idle--;
      serve(true, () => {
        this.#giveBack(requests);
      });
      return true;
    }
    const { clock, readSecrets } = this.deps;
    clock.after(DURATION.coldStart, () => {
      readSecrets((isReady) => {
        serve(isReady, () => {
          this.#giveBack(requests);
        });
      });
    });
    return true;
  }

  #hasPlace(): boolean {
    const { meter, concurrency } = this.deps;
    if (this.account.busy >= concurrency) {
      meter.reach('lambdaConcurrency');
      return false;
    }
    if (this.#scaling.take()) return true;
    meter.reach('lambdaScaling');
    return false;
  }

  /** Lambda accepts ten requests a second for each environment, however short they are. */
  #giveBack(requests: number): void {
    const hold = Math.max(DURATION.invocation, (requests * 1_000) / LAMBDA.requestsPerEnvironment);
    const place = (this.deps.clock.now() + Math.ceil(hold)) % RING;
    this.#returning[place] = (this.#returning[place] ?? 0) + 1;
  }
}
