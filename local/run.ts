import type { IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import { ownDataDir } from './data-dir';
import { queuesOf, resolveConfig, tableOf, type ServerlessConfig } from './config';
import { AUDIENCE, callbackUrl, deployParameters, storedParameters, type LocalFeatures } from './deployment';
import { bundleClient, type bundleFunctions } from './lambda/bundle';
import { startEventSources, type EventSources } from './lambda/event-sources/start';
import { startFunctions, type Functions } from './lambda/functions';
import { httpApi, type TokenIssuer } from './lambda/gateway';
import { createIssuer, type Issuer } from './services/issuer';
import { NOTIFY } from './local-access';
import { isLocalRoute, localRoutes } from './local-routes';
import { startLocalVod } from './local-vod';
import { startParameterStore, type ParameterStore } from './services/parameter-store';
import { tellWhereItRuns } from './running';
import { loadSecrets, type GivenSecrets, type Secrets } from './secrets';
import { addressesOf, publicAddressOf } from './network/public-address';
import { shownUrl } from './network/shown-url';
import { hostnameOf, isOwnOrigin, type PublicAddress } from './network/callers';
import { listen, type Listener, type Listening } from './server';
import { startQueues, type Queues } from './services/queue';
import { startTable, type Engine, type Table } from './services/table';
import { uploadsOf, type Upload } from './uploads';
import type { Vod } from './vod/server';
import { APP_ID } from './vod/state';
import { createWebhooks } from './webhooks/webhooks';

export interface LocalOptions {
  /** 0 takes a free one, as for the two others. */
  readonly port: number;
  readonly vodPort: number;
  readonly tablePort: number;
  readonly dataDir: string;
  /** An address or name of this machine to listen on in addition to loopback. */
  readonly host?: string;
  /** An issuer that is accepted in addition to the built-in one. */
  readonly ownIssuer?: TokenIssuer;
  readonly givenSecrets?: GivenSecrets;
  readonly features?: LocalFeatures;
  readonly engine?: Engine;
  /** How long a pulled event may take to be confirmed; default: as in VOD. */
  readonly confirmWithinMs?: number;
  /** Resolves serverless.yml; default: {@link resolveConfig}, which takes seconds. */
  readonly resolve?: typeof resolveConfig;
  /** Bundles the functions; default: {@link bundleFunctions}, which takes a second. */
  readonly bundle?: typeof bundleFunctions;
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
  /** The address of HOST; absent while only this machine reaches the run. */
  readonly publicAddress?: PublicAddress;
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

/** The parts that have started, to be stopped at the end. */
interface Parts {
  server?: Listening;
  vod?: Vod;
  eventSources?: EventSources;
  /** Ends each of the others, in the order in which they started. */
  readonly running: (() => Promise<void>)[];
}

/**
 * Starts all of it: the functions as serverless.yml declares them behind an HTTP API, the table, the parameter store,
 * the queues, the event sources, an issuer of tokens, and the local VOD. When a part fails to start, those that had
 * started are stopped.
 *
 * @throws StartupError with a message for the user
 */
export async function startLocal(options: LocalOptions): Promise<LocalRun> {
  const parts: Parts = { running: [] };
  const giveUp = new AbortController();
  const signal = AbortSignal.any([giveUp.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    parts.running.push(await ownDataDir(options.dataDir));
    return await startParts({ ...options, signal }, parts);
  } catch (error) {
    giveUp.abort();
    await stopParts(parts);
    throw error;
  }
}

async function stopParts({ eventSources, vod, server, running }: Parts): Promise<void> {
  await eventSources?.stop(); // first: the services that their functions call must still respond
  await vod?.stop(); // before the server that it calls
  await server?.close(); // before the rest, so that nothing new begins
  for (let end = running.pop(); end; end = running.pop()) await end();
}

async function startParts(options: LocalOptions, parts: Parts): Promise<LocalRun> {
  const { dataDir, signal, features = {} } = options;
  const projectDir = options.projectDir ?? resolve(__dirname, '..');
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  const publicAddress = await publicAddressOf(options.host);

  // The ports first, since their numbers are part of the configuration. Early requests wait until all has started.
  let open: (listener: Listener) => void = () => undefined;
  const opened = new Promise<Listener>((resolve) => (open = resolve));
  const waitAndListen: Listener = async (request, response) => (await opened)(request, response);
  const { port } = (parts.server = await listen(waitAndListen, options.port, 'PORT', addressesOf(publicAddress)));
  const url = `http://localhost:${port}`;
  const secrets = await loadSecrets(dataDir, options.givenSecrets);
  const vod = await startLocalVod({ options, publicAddress, secrets, url, callableOnce: opened, log });
  parts.vod = vod;

  const parameters = deployParameters(url, vod.url, secrets, features);
  const resolving = (options.resolve ?? resolveConfig)(projectDir, parameters, signal);
  resolving.catch(() => undefined); // awaited below, when what can start meanwhile has started
  const bundling = bundleClient();
  bundling.catch(() => undefined); // awaited below, too
  const issuer = await createIssuer(`${url}/local/issuer`, AUDIENCE, secrets.issuerKey);
  const backend = await startBackend({ options, url, projectDir, secrets, resolving, running: parts.running, log });
  parts.eventSources = backend.eventSources;

  const tableName = tableOf(backend.config).TableName ?? '';
  const rows = async () => uploadsOf(await backend.table.rows());
  const procedures = parameters['PROCEDURES']?.split(',') ?? [];
  const clientModules = await bundling;
  open(routesOf({ options, publicAddress, secrets, issuer, backend, vod, rows, procedures, clientModules, log }));
  signal?.throwIfAborted();
  const { table, parameterStore, queues } = backend;
  const urls = { tableUrl: table.url, parameterStoreUrl: parameterStore.url, queuesUrl: queues.url };
  parts.running.push(await tellWhereItRuns(dataDir, { url, vodUrl: vod.url, tableName, features, ...urls }));
  return {
    url,
    ...(publicAddress && { publicAddress }),
    callbackUrl: callbackUrl(url, secrets),
    ...backend,
    secrets,
    issuer,
    vod,
    tableName,
    rows,
    stop: () => stopParts(parts),
  };
}

interface RoutesOptions {
  readonly options: LocalOptions;
  readonly publicAddress: PublicAddress | undefined;
  readonly secrets: Secrets;
  readonly issuer: Issuer;
  readonly backend: Backend;
  readonly vod: Vod;
  readonly rows: () => Promise<Upload[]>;
  readonly procedures: readonly string[];
  readonly clientModules: ReadonlyMap<string, string>;
  readonly log: (line: string) => void;
}

/** The functions' routes and those that exist only locally. */
function routesOf(routesOptions: RoutesOptions): Listener {
  const { options, publicAddress, secrets, issuer, backend, vod, rows, log } = routesOptions;
  const { config, functions, queues } = backend;
  const { playerKey, urlKey } = secrets;
  const { notifyUrl = '', playback = true, allowDelete = true } = options.features ?? {};
  const api = httpApi(config, functions.invoke, {
    allowsOrigin: (origin, request) => isOwnOrigin(origin, request, publicAddress),
    issuers: options.ownIssuer ? [options.ownIssuer] : [],
    log,
  });
  const own = localRoutes({
    config,
    functions,
    issuer,
    uploads: rows,
    clientModules: routesOptions.clientModules,
    page: (request) => ({
      vodUrl: vodUrlFor(request, vod, publicAddress),
      procedures: routesOptions.procedures,
      playback,
      allowDelete,
      notifyUrl: shownUrl(notifyUrl),
    }),
    inspection: { vod, webhooks: notifyUrl === '' ? undefined : createWebhooks({ notifyUrl, queues, log }) },
    ...(publicAddress && { publicAddress }),
    ...(playback && { playbackKeys: { playerKey, urlKey, appId: APP_ID } }),
  });
  return (request, response) => (isLocalRoute(request) ? own : api)(request, response);
}

/** Where a browser that has opened the page finds the local VOD. */
function vodUrlFor(request: IncomingMessage, vod: Vod, publicAddress: PublicAddress | undefined): string {
  if (publicAddress?.isWildcard !== true) return vod.mediaOrigin;
  return `http://${hostnameOf(request.headers.host ?? '')}:${vod.port}`;
}

type Backend = Pick<LocalRun, 'config' | 'functions' | 'table' | 'parameterStore' | 'queues' | 'eventSources'>;

interface BackendOptions {
  readonly options: LocalOptions;
  /** Of the functions' routes and the local ones. */
  readonly url: string;
  readonly projectDir: string;
  readonly secrets: Secrets;
  /** serverless.yml, which takes a moment: what does not need it starts meanwhile. */
  readonly resolving: Promise<ServerlessConfig>;
  /** Receives the functions that end the parts, in the order in which they start. */
  readonly running: (() => Promise<void>)[];
  readonly log: (line: string) => void;
}

/** The functions, the services that they call, and the event sources that call them. */
async function startBackend(backendOptions: BackendOptions): Promise<Backend> {
  const { options, url, projectDir, secrets, resolving, running, log } = backendOptions;
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
    bundle: options.bundle,
    dynamodbUrl: table.url,
    ssmUrl: parameterStore.url,
    sqsUrl: queues.url,
    notifyUrl: `${url}${NOTIFY}`,
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
