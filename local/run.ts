import { join, resolve } from 'node:path';
import { StartupError } from './startup-error';
import { queuesOf, resolveConfig, tableOf, type ServerlessConfig } from './config';
import { AUDIENCE, callbackUrl, deployParameters, storedParameters, type LocalFeatures } from './deployment';
import { startEventSources, type EventSources } from './lambda/event-sources/start';
import { startFunctions, type Functions } from './lambda/functions';
import { httpApi } from './lambda/gateway';
import { createIssuer, type Issuer } from './services/issuer';
import { isLocalRoute, localRoutes } from './local-routes';
import { startParameterStore, type ParameterStore } from './services/parameter-store';
import { tellWhereItRuns } from './running';
import { loadSecrets, type GivenSecrets, type Secrets } from './secrets';
import { isLocalOrigin, listen, type Listener, type Listening } from './server';
import { startQueues, type Queues } from './services/queue';
import { startTable, type Engine, type Table } from './services/table';
import { uploadsOf, type Upload } from './uploads';
import { startVod, type Vod } from './vod/server';
import { APP_ID } from './vod/state';

export interface LocalOptions {
  /** 0 takes a free one, as for the two others. */
  readonly port: number;
  readonly vodPort: number;
  readonly tablePort: number;
  readonly dataDir: string;
  readonly given?: GivenSecrets;
  readonly features?: LocalFeatures;
  readonly engine?: Engine;
  /** How long a pulled event may take to be confirmed; default: as in VOD. */
  readonly confirmWithinMs?: number;
  /** Resolves serverless.yml; default: {@link resolveConfig}, which takes seconds. */
  readonly resolve?: typeof resolveConfig;
  /** Where serverless.yml is; default: this project. */
  readonly projectDir?: string;
  /** Whether functions with a rate run by themselves; default: true. They can be run by hand either way. */
  readonly schedules?: boolean;
  /** Gets each line that a function writes; default: stderr. */
  readonly log?: (line: string) => void;
  /** Cancels a start. */
  readonly signal?: AbortSignal;
}

export interface LocalRun {
  /** Of the functions' routes and the page: http://localhost:PORT. */
  readonly url: string;
  /** Where VOD sends events, with its token. */
  readonly callbackUrl: string;
  readonly secrets: Secrets;
  readonly config: ServerlessConfig;
  readonly issuer: Issuer;
  readonly functions: Functions;
  readonly table: Table;
  readonly parameterStore: ParameterStore;
  readonly queues: Queues;
  readonly eventSources: EventSources;
  readonly vod: Vod;
  readonly tableName: string;
  /** The rows, newest first, as `GET /local/uploads` shows them. */
  readonly rows: () => Promise<Upload[]>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts all of it: the functions as serverless.yml declares them behind an HTTP API, the table, the parameter store,
 * the queues, the event sources, an issuer of tokens, and the local VOD. When a part fails to start, those that had
 * started are stopped.
 *
 * @throws StartupError with a sentence for the user
 */
export async function startLocal(options: LocalOptions): Promise<LocalRun> {
  const { dataDir, signal } = options;
  const projectDir = options.projectDir ?? resolve(__dirname, '..');
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  const running: (() => Promise<void>)[] = [];
  let server: Listening | undefined;
  let vod: Vod | undefined;
  let eventSources: EventSources | undefined;
  const stop = async () => {
    await eventSources?.stop(); // first: what their functions call must still answer
    await vod?.stop(); // before the server that it calls
    await server?.close(); // before the rest, so that nothing new begins
    for (let end = running.pop(); end; end = running.pop()) await end();
  };
  const giveUp = new AbortController();

  try {
    // These two first, since their numbers are part of the configuration. Who asks early waits until there is something
    // to ask.
    let open: (listener: Listener) => void = () => undefined;
    const opened = new Promise<Listener>((resolve) => (open = resolve));
    server = await listen(async (request, response) => (await opened)(request, response), options.port, 'PORT');
    const url = `http://localhost:${server.port}`;

    const secrets = await loadSecrets(dataDir, options.given);
    const anySignal = AbortSignal.any([giveUp.signal, ...(signal ? [signal] : [])]);
    const { features = {} } = options;
    vod = await startLocalVod(options, secrets, callbackUrl(url, secrets), opened, log);
    const parameters = deployParameters(url, vod.url, secrets, features);
    const resolving = (options.resolve ?? resolveConfig)(projectDir, parameters, anySignal);
    resolving.catch(() => undefined); // awaited below, when what can start meanwhile has started

    const issuer = await createIssuer(`${url}/local/issuer`, AUDIENCE, secrets.issuerKey);
    const backend = await startBackend({ options, projectDir, secrets, resolving, running, log });
    const { config, functions, table, parameterStore, queues } = backend;
    eventSources = backend.eventSources;

    const rows = async () => uploadsOf(await table.rows());
    const api = httpApi(config, functions.invoke, { allowsOrigin: isLocalOrigin });
    const page = { vodUrl: vod.url, procedures: parameters['PROCEDURES']?.split(',') ?? [] };
    const { playerKey, urlKey } = secrets;
    const keys = features.playback === false ? undefined : { playerKey, urlKey, appId: APP_ID };
    const own = localRoutes({ config, functions, issuer, uploads: rows, page, ...(keys && { playbackKeys: keys }) });
    open((request, response) => (isLocalRoute(request) ? own : api)(request, response));
    signal?.throwIfAborted();
    const tableName = tableOf(config).TableName ?? '';
    const where = {
      url,
      vodUrl: vod.url,
      tableUrl: table.url,
      tableName,
      parameterStoreUrl: parameterStore.url,
      queuesUrl: queues.url,
      features,
    };
    running.push(await tellWhereItRuns(dataDir, where));
    return {
      url,
      callbackUrl: callbackUrl(url, secrets),
      ...backend,
      secrets,
      issuer,
      vod,
      tableName,
      rows,
      stop,
    };
  } catch (error) {
    giveUp.abort();
    await stop();
    throw error;
  }
}

type Backend = Pick<LocalRun, 'config' | 'functions' | 'table' | 'parameterStore' | 'queues' | 'eventSources'>;

interface BackendOptions {
  readonly options: LocalOptions;
  readonly projectDir: string;
  readonly secrets: Secrets;
  /** serverless.yml, which takes a moment: what does not need it starts meanwhile. */
  readonly resolving: Promise<ServerlessConfig>;
  /** Gets what ends each part, in the order in which they start. */
  readonly running: (() => Promise<void>)[];
  readonly log: (line: string) => void;
}

/** The functions, the services that they call, and the event sources that call them. */
async function startBackend(given: BackendOptions): Promise<Backend> {
  const { options, projectDir, secrets, resolving, running, log } = given;
  const { dataDir, engine } = options;
  const table = await startTable({ port: options.tablePort, path: join(dataDir, 'table'), ...(engine && { engine }) });
  running.push(table.stop);
  const parameterStore = await startParameterStore(storedParameters(secrets));
  running.push(parameterStore.close);

  const config = await resolving;
  await table.create(tableOf(config));
  const { region } = config.provider;
  const queues = await startQueues(queuesOf(config), { path: join(dataDir, 'queues'), region });
  running.push(queues.close);
  const functions = await startFunctions({
    config,
    projectDir,
    buildDir: join(dataDir, 'functions'),
    dynamodbUrl: table.url,
    ssmUrl: parameterStore.url,
    sqsUrl: queues.url,
    log,
  });
  running.push(functions.stop);
  const eventSources = await startEventSources({
    config,
    invoke: functions.invoke,
    tableUrl: table.url,
    queues,
    path: join(dataDir, 'event-sources'),
    schedules: options.schedules ?? true,
    log,
  });
  running.push(eventSources.stop);
  return { config, functions, table, parameterStore, queues, eventSources };
}

async function startLocalVod(
  { vodPort: port, dataDir, confirmWithinMs, features }: LocalOptions,
  { vodSecretId: secretId, vodSecretKey: secretKey, callbackSignKey, playerKey, urlKey }: Secrets,
  callbackUrl: string,
  callableOnce: Promise<unknown>,
  log: (line: string) => void,
): Promise<Vod> {
  const [signKey = ''] = callbackSignKey.split(',');
  try {
    const options = { port, dataDir: join(dataDir, 'vod'), secretId, secretKey, signKey: signKey.trim(), callbackUrl };
    const keys = features?.playback === false ? {} : { playerKey, urlKey };
    return await startVod({
      ...options,
      ...keys,
      callableOnce,
      ...(confirmWithinMs !== undefined && { confirmWithinMs }),
      log,
    });
  } catch (error) {
    if (error instanceof Error && error.cause !== undefined) throw new StartupError(error.message);
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StartupError(`Port ${port} is taken: choose another one with VOD_PORT`);
  }
}
