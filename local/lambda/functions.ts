import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { bundleFunction, bundleInstance, type Bundle } from './bundle';
import { StartupError } from '../startup-error';
import type { FunctionConfig, ServerlessConfig } from '../config';
import { lambdaContext, lambdaEnvironment, timeoutOf } from './environment';

/** `failed`: it threw, crashed, answered what is no JSON, or ran out of its time. */
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
  /** Where the bundles go. */
  readonly buildDir: string;
  readonly dynamodbUrl: string;
  readonly ssmUrl: string;
  /** Default: where nothing answers. */
  readonly sqsUrl?: string;
  /** Gets each line that a function writes. */
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
 * How many calls an instance has at a time. More would wait inside it, for a connection to the table, until they time out;
 * Lambda holds them back as well, with its limit of concurrent executions.
 */
const MAX_CALLS = 50;

interface Instance {
  readonly worker: Worker;
  readonly loaded: Promise<void>;
  readonly calls: Map<string, (outcome: Outcome) => void>;
}

/**
 * The functions of serverless.yml, bundled as for AWS, each in a worker thread that sees the environment the file declares
 * for it, and no more of ours.
 *
 * Unlike on Lambda, where an instance has one request at a time, one instance here has them all.
 *
 * @throws StartupError when a function cannot be bundled or loaded
 */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const { config, projectDir, buildDir } = options;
  const instanceFile = await bundleInstance(buildDir);
  const hosts = new Map(
    await Promise.all(
      Object.entries(config.functions).map(async ([name, declared]) => {
        const bundle = await bundleFunction(config, name, projectDir, buildDir);
        return [name, functionHost(name, declared, bundle, instanceFile, options)] as const;
      }),
    ),
  );
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

function functionHost(
  name: string,
  declared: FunctionConfig,
  bundle: Bundle,
  instanceFile: string,
  { config, dynamodbUrl, ssmUrl, sqsUrl = 'http://127.0.0.1:1', log }: FunctionsOptions,
) {
  const timeout = timeoutOf(config, declared) * 1000;
  const workerData: InstanceData = { ...bundle, context: lambdaContext(config, declared) };
  const env = {
    ...lambdaEnvironment(config, declared, sqsUrl),
    AWS_ENDPOINT_URL_DYNAMODB: dynamodbUrl,
    AWS_ENDPOINT_URL_SSM: ssmUrl,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
  };
  const running = new Set<Worker>();
  const turns = queue(MAX_CALLS);
  const retired = new WeakSet<Worker>();
  let current: Instance | undefined;
  let isStopped = false;

  /** Takes no new calls from here on. */
  function retire(worker: Worker): void {
    retired.add(worker);
    if (current?.worker === worker) current = undefined;
  }

  function start(): Instance {
    const worker = new Worker(instanceFile, { workerData, env, execArgv: [], stdout: true, stderr: true });
    running.add(worker);
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
        running.delete(worker);
        retire(worker);
        for (const settle of calls.values()) settle('failed');
        reject(new StartupError(`${name} cannot be loaded, see above`));
      });
    });
    loaded.catch(() => undefined); // of interest to load() alone
    return { worker, loaded, calls };
  }

  async function call(event: unknown): Promise<Outcome> {
    if (isStopped) return 'failed';
    const { worker, calls } = (current ??= start());
    const id = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Outcome>((settle) => {
      calls.set(id, settle);
      timer = setTimeout(() => {
        log(`${name} ${id} Task timed out after ${timeout / 1000} seconds`);
        // Lambda ends the instance. This one may be at work for others, who are not to notice: it ends after them.
        retire(worker);
        settle('failed');
      }, timeout);
      worker.postMessage({ id, event: JSON.stringify(event), deadline: Date.now() + timeout } satisfies Call);
    });
    clearTimeout(timer);
    calls.delete(id);
    if (retired.has(worker) && calls.size === 0) await worker.terminate();
    return outcome;
  }

  const kill = async () => {
    await Promise.all([...running].map((worker) => worker.terminate()));
  };
  return {
    load: () => (current ??= start()).loaded,
    invoke: (event: unknown) => turns(() => call(event)),
    kill,
    stop: () => {
      isStopped = true;
      return kill();
    },
  };
}

/** Runs at most `max` of the tasks that it is given at a time, in the order in which they come. */
function queue(max: number) {
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
