import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { bundleFunctions, type Bundle } from './bundle';
import { StartupError } from '../startup-error';
import type { FunctionConfig, ServerlessConfig } from '../config';
import { lambdaContext, lambdaEnvironment, timeoutOf } from './environment';

/** `failed`: the function threw, crashed, timed out, or returned a value that is not JSON. */
export type Outcome = { readonly json: string } | 'failed';

export interface Functions {
  /** Calls a function by its key in serverless.yml. */
  readonly invoke: (name: string, event: unknown) => Promise<Outcome>;
  /** Ends the function's instance as a crash would; the next call starts another. */
  readonly kill: (name: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface FunctionsOptions {
  readonly config: ServerlessConfig;
  readonly projectDir: string;
  /** The folder of the bundles. */
  readonly buildDir: string;
  /** Bundles the functions; default: {@link bundleFunctions}, which takes a second. */
  readonly bundle?: typeof bundleFunctions | undefined;
  readonly dynamodbUrl: string;
  readonly ssmUrl: string;
  /** Default: a port on which nothing listens. */
  readonly sqsUrl?: string;
  /** Replaces NOTIFY_URL in the functions that have one. */
  readonly notifyUrl?: string;
  /** Receives each line that a function writes. */
  readonly log: (line: string) => void;
}

export interface InstanceData extends Bundle {
  readonly context: object;
}
export interface Call {
  readonly id: string;
  readonly event: string;
  readonly deadline: number;
}
/** Without an id: the instance has loaded. Without json: the invocation failed. */
export interface Reply {
  readonly id?: string;
  readonly json?: string;
}

/**
 * How many concurrent calls an instance has. More would wait inside the instance, for a connection to the table, until they
 * time out. Lambda limits concurrent executions, too.
 */
const MAX_CALLS = 50;

interface Instance {
  readonly worker: Worker;
  readonly loaded: Promise<void>;
  readonly calls: Map<string, (outcome: Outcome) => void>;
}

/**
 * Starts the functions of serverless.yml, bundled as for AWS, each in a worker thread with its declared environment only.
 *
 * Unlike on Lambda, where an instance handles one request at a time, one instance handles all requests.
 *
 * @throws StartupError when a function cannot be bundled or loaded
 */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const { config, projectDir, buildDir, bundle = bundleFunctions } = options;
  const { functions, instanceFile } = await bundle(config, projectDir, buildDir);
  const hosts = new Map<string, FunctionHost>();
  for (const [name, file] of functions) {
    const declared = config.functions[name];
    if (declared) hosts.set(name, new FunctionHost(name, declared, file, instanceFile, options));
  }
  const stop = async () => {
    await Promise.all([...hosts.values()].map((host) => host.stop()));
  };
  try {
    await Promise.all([...hosts.values()].map((host) => host.load()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    invoke: async (name, event) => (await hosts.get(name)?.invoke(event)) ?? 'failed',
    kill: async (name) => hosts.get(name)?.kill(),
    stop,
  };
}

/** Starts the instances of one function, and calls them. */
class FunctionHost {
  readonly #timeout: number;
  readonly #workerData: InstanceData;
  readonly #env: Record<string, string>;
  readonly #running = new Set<Worker>();
  /** Instances that get no new calls. */
  readonly #retired = new WeakSet<Worker>();
  readonly #runLimited = concurrencyLimit(MAX_CALLS);
  #current: Instance | undefined;
  #isStopped = false;

  constructor(
    private readonly name: string,
    declared: FunctionConfig,
    bundle: Bundle,
    private readonly instanceFile: string,
    private readonly options: FunctionsOptions,
  ) {
    const { config, dynamodbUrl, ssmUrl, sqsUrl = 'http://127.0.0.1:1', notifyUrl } = options;
    const environment = lambdaEnvironment(config, declared, sqsUrl);
    this.#timeout = timeoutOf(config, declared) * 1000;
    this.#workerData = { ...bundle, context: lambdaContext(config, declared) };
    this.#env = {
      ...environment,
      ...(notifyUrl !== undefined && environment['NOTIFY_URL'] && { NOTIFY_URL: notifyUrl }),
      AWS_ENDPOINT_URL_DYNAMODB: dynamodbUrl,
      AWS_ENDPOINT_URL_SSM: ssmUrl,
      AWS_ENDPOINT_URL_SQS: sqsUrl,
    };
  }

  load(): Promise<void> {
    return this.#instance().loaded;
  }

  invoke(event: unknown): Promise<Outcome> {
    return this.#runLimited(() => this.#call(event));
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#running].map((worker) => worker.terminate()));
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.kill();
  }

  #instance(): Instance {
    return (this.#current ??= this.#start());
  }

  #start(): Instance {
    const { name } = this;
    const { log } = this.options;
    const options = { workerData: this.#workerData, env: this.#env, execArgv: [], stdout: true, stderr: true };
    const worker = new Worker(this.instanceFile, options);
    this.#running.add(worker);
    for (const output of [worker.stdout, worker.stderr]) createInterface({ input: output }).on('line', log);
    const calls: Instance['calls'] = new Map();
    const loaded = new Promise<void>((resolve, reject) => {
      worker.on('message', ({ id, json }: Reply) => {
        if (id === undefined) resolve();
        else calls.get(id)?.(json === undefined ? 'failed' : { json });
      });
      worker.on('error', (error: Error) => {
        log(`${name} crashed: ${error.stack ?? error.message}`);
      });
      worker.on('exit', () => {
        this.#running.delete(worker);
        this.#retire(worker);
        for (const resolveCall of calls.values()) resolveCall('failed');
        reject(new StartupError(`${name} cannot be loaded, see above`));
      });
    });
    loaded.catch(() => undefined); // only load() reports it
    return { worker, loaded, calls };
  }

  async #call(event: unknown): Promise<Outcome> {
    if (this.#isStopped) return 'failed';
    const { worker, calls } = this.#instance();
    const timeout = this.#timeout;
    const id = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Outcome>((resolve) => {
      calls.set(id, resolve);
      timer = setTimeout(() => {
        this.options.log(`${this.name} ${id} Task timed out after ${timeout / 1000} seconds`);
        // Lambda would end the instance. This one has other calls, so it ends after the last of them.
        this.#retire(worker);
        resolve('failed');
      }, timeout);
      worker.postMessage({ id, event: JSON.stringify(event), deadline: Date.now() + timeout } satisfies Call);
    });
    clearTimeout(timer);
    calls.delete(id);
    if (this.#retired.has(worker) && calls.size === 0) await worker.terminate();
    return outcome;
  }

  #retire(worker: Worker): void {
    this.#retired.add(worker);
    if (this.#current?.worker === worker) this.#current = undefined;
  }
}

/** Returns a function that runs at most `max` tasks at a time, in the order of the calls. */
function concurrencyLimit(max: number) {
  const waiting: (() => void)[] = [];
  let free = max;
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
