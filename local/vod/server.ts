/*
 * A local emulator of Tencent Cloud VOD: upload service, object storage, events, procedures, reviews, playback and server
 * API on one port, TLS and plain HTTP. All data survives a restart, except the event configuration and the faults.
 * docs/local-vod.md lists how it differs from the real VOD.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeFolder } from '../make-folder';
import { bracketed, type Address } from '../network/open-port';
import { HOSTS, parseCall, serviceOf } from './address';
import { ServerApi, type CallCounts } from './api/api';
import { CallbackLog, type CallbackRecord, type Forgery } from './callback-log';
import { Callbacks } from './callbacks';
import { certificateFor } from './certificate';
import { handleCos } from './cos';
import type { EventConfig } from './event-config';
import { EventQueue } from './event-queue';
import { FaultInjector, type Faults } from './faults';
import { signUrl } from './hotlink';
import { allowAnyOrigin, readBody, reply, replyJson, type Call } from './http';
import { inspect, type VodView } from './inspect';
import { Library } from './library';
import { handleLocalRoute, LOCAL_PATH } from './local-routes';
import { handleMapHosts, MAP_HOSTS_PATH } from './map-hosts';
import { MEDIA_PATH, serveMedia } from './media-server';
import { Notifications } from './notifications';
import { handlePlayInfo } from './play-info';
import { parsePlaybackKeys } from './playback-keys';
import type { ProcedureTemplate } from './procedure-templates';
import { Procedures } from './procedures';
import { State } from './state';
import { TlsHttpMultiplexer } from './tls-http-multiplexer';
import { handleUgc } from './ugc';
import { Uploads, type PutMedia, type PutResult } from './uploads';

/** How long the URL of a cover is valid. */
const COVER_URL_SECONDS = 3600;

export interface VodOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** Where it listens; on loopback by default. */
  readonly addresses?: readonly Address[];
  /** The host in the URLs of media; localhost by default. */
  readonly mediaHost?: string;
  readonly dataDir: string;
  readonly secretId: string;
  readonly secretKey: string;
  /** Where events are pushed to; '' = nowhere. */
  readonly callbackUrl: string;
  readonly signKey?: string;
  readonly mode?: EventConfig['mode'];
  /** Whether NewFileUpload is sent; true by default, unlike VOD. */
  readonly uploadSwitch?: boolean;
  /** Whether FileDeleted is sent; true by default, unlike VOD. */
  readonly deleteSwitch?: boolean;
  /** Faults from the start; none by default. */
  readonly faults?: Partial<Faults>;
  /**
   * The applications of an account opened since 2023-12-25: each call of the server API must name one of them. Without
   * this option the account is older, and no call must name an application.
   */
  readonly subAppIds?: readonly number[];
  /** The player key (播放密钥), which signs psigns; during a rotation two, separated by a comma. '' = no psign is valid. */
  readonly playerKey?: string;
  /** The key of Key hotlink protection (Key 防盗链) of the media URLs; two as above. '' = switched off. */
  readonly urlKey?: string;
  readonly now?: () => number;
  readonly log?: (line: string) => void;
  /** How long each step of a procedure takes, 300 ms by default. */
  readonly stepMs?: number;
  /** Templates by name, in addition to the presets. */
  readonly procedures?: Readonly<Record<string, ProcedureTemplate>>;
  /** How long a callback may take to respond before it is sent again, 5 s by default. */
  readonly callbackTimeoutMs?: number;
  /** How long after a pull an event can be confirmed before it is returned again, 30 s by default. */
  readonly confirmWithinMs?: number;
  /** No event is pushed before this resolves. */
  readonly callableOnce?: Promise<unknown>;
}

export interface Vod {
  readonly port: number;
  /** Plain HTTP; the same port accepts TLS. */
  readonly url: string;
  /** The origin of the URLs of media. */
  readonly mediaOrigin: string;
  /** The TLS certificate, for clients that can be configured to trust it. */
  readonly certificate: string;
  /** The account's key pairs, secret key by secret id. A change takes effect with the next request. */
  readonly keys: Map<string, string>;
  /** Where events go now. */
  readonly eventConfig: EventConfig;
  /** How many calls of each action of the server API arrived since the start, refused ones included. */
  readonly calls: Readonly<CallCounts>;
  /** Changes the given faults, or resets all of them, and returns the current values. */
  setFaults(changed: Partial<Faults> | undefined): Faults;
  /** The callbacks since the start. */
  readonly callbackLog: CallbackLog;
  /** Sends a recorded callback once more, as it was or forged; see {@link Callbacks.repeat}. */
  repeatCallback(id: number, forgery: Forgery | undefined): Promise<CallbackRecord | undefined>;
  /** Its data and settings, without secrets. */
  inspect(): VodView;
  /** Path and query of a file's cover, which a browser can load for an hour; undefined if there is none. */
  coverPath(fileId: string): string | undefined;
  /** Adds a file without the upload protocol, as if its upload had just been committed. Stores no bytes. */
  put(media: PutMedia): PutResult;
  /** Removes all data; the event configuration and the faults become those of the options. */
  reset(): void;
  stop(): Promise<void>;
}

/** Starts a VOD on loopback, IPv4 and IPv6. Throws PortTaken if another program has the port. */
export async function startVod(options: VodOptions): Promise<Vod> {
  const { mediaHost = 'localhost', now = Date.now, log = () => undefined } = options;
  makeFolder(options.dataDir);
  const multiplexer = new TlsHttpMultiplexer(certificateFor(options.dataDir, HOSTS, now()), (request, response) => {
    route(request, response, services).catch((error: unknown) => {
      if (request.socket.destroyed) return;
      replyToFailure(request, response, error, log);
    });
  });
  // Opens the port before the data: a second start must not clean up the data that the first one uses.
  const port = await multiplexer.listen(options.port, options.addresses);
  const state = await readState(options.dataDir, now(), multiplexer);
  const mediaOrigin = `http://${bracketed(mediaHost)}:${port}`;
  const services = createServices(options, state, mediaOrigin);
  const { procedures, uploads, serverApi, faults, keys, reset } = services;
  services.callbacks().resume(services.notifications.config);
  procedures.resume();
  return {
    port,
    url: `http://localhost:${port}`,
    mediaOrigin,
    certificate: multiplexer.certificate,
    keys,
    get eventConfig() {
      return services.notifications.config;
    },
    get calls() {
      return serverApi.counts;
    },
    setFaults: (changed) => faults.change(changed),
    callbackLog: services.records,
    repeatCallback: (id, forgery) => services.callbacks().repeat(id, forgery, services.notifications.config),
    inspect: () => inspect(services),
    coverPath: (fileId) => coverPathOf(fileId, services),
    put: (media) => uploads.put(media),
    reset,
    async stop() {
      services.callbacks().stop();
      procedures.stop();
      await multiplexer.close();
    },
  };
}

type Services = ReturnType<typeof createServices>;

function createServices(options: VodOptions, state: State, origin: string) {
  const { subAppIds, now = Date.now } = options;
  const log = oneLineLog(options.log);
  const faults = new FaultInjector();
  const records = new CallbackLog();
  const timeoutMs = options.callbackTimeoutMs ?? 5000;
  const newCallbacks = (): Callbacks =>
    new Callbacks(state, faults, records, timeoutMs, now, log, options.callableOnce);
  const queue = new EventQueue(state, 1000, options.confirmWithinMs ?? 30_000, now);
  const config = eventConfigOf(options);
  let callbacks = newCallbacks();
  const notifications = new Notifications(config, callbacks, queue, log);
  const library = new Library(state, origin, faults, now);
  const templates = new Map(Object.entries(options.procedures ?? {}));
  const procedures = new Procedures(state, library, notifications, templates, options.stepMs ?? 300, now);
  const uploads = new Uploads(state, library, procedures, notifications, now);
  const keys = new Map([[options.secretId, options.secretKey]]);
  const playbackKeys = parsePlaybackKeys(options.playerKey, options.urlKey);
  const resetFaults = (): void => {
    faults.change(undefined);
    faults.change(options.faults ?? {});
  };
  resetFaults();
  const reset = (): void => {
    procedures.stop();
    callbacks.stop();
    callbacks = newCallbacks();
    notifications.reset(config, callbacks);
    resetFaults();
    state.clear();
  };
  const data = { state, library, procedures, notifications, queue, faults };
  const shared = { ...data, keys, playbackKeys, templates, origin, subAppIds, now, log };
  return { ...shared, records, callbacks: () => callbacks, uploads, reset, serverApi: new ServerApi(shared) };
}

function eventConfigOf(options: VodOptions): EventConfig {
  return {
    mode: options.mode ?? 'PUSH',
    url: options.callbackUrl,
    uploadSwitch: options.uploadSwitch ?? true,
    deleteSwitch: options.deleteSwitch ?? true,
    persistenceSwitch: false,
    signKey: options.signKey ?? '',
  };
}

/** Escapes control characters: a line may contain text of a request, and must not act on the terminal. */
function oneLineLog(log: (line: string) => void = () => undefined): (line: string) => void {
  return (line) => {
    log(line.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`));
  };
}

function coverPathOf(fileId: string, { state, library, playbackKeys, now }: Services): string | undefined {
  const key = state.media.get(fileId)?.coverKey ?? '';
  if (key === '') return undefined;
  const url = library.url(key);
  const [urlKey] = playbackKeys.url;
  const t = Math.floor(now() / 1000 + COVER_URL_SECONDS).toString(16);
  const { pathname, search } = new URL(urlKey === undefined ? url : signUrl(url, { t }, urlKey));
  return pathname + search;
}

async function route(request: IncomingMessage, response: ServerResponse, services: Services): Promise<void> {
  const call: Call = parseCall(request, response);
  if (call.path.startsWith(LOCAL_PATH)) return handleLocalRoute(call, services);
  const service = request.headers['x-tc-action'] === undefined ? serviceOf(call.host) : 'api';
  switch (service) {
    case 'upload':
      return handleUgc(call, services);
    case 'storage':
      return handleCos(call, services);
    case 'playback':
      handlePlayInfo(call, services);
      return;
    case 'api':
      return services.serverApi.handle(call);
    case 'report':
      if (allowAnyOrigin(call)) return;
      await readBody(request);
      replyJson(response, 200, {});
      return;
    case undefined:
      if (call.path.startsWith(MEDIA_PATH)) return serveMedia(call, services);
      if (call.path === MAP_HOSTS_PATH) handleMapHosts(call);
      else replyNotFound(call, services.log);
  }
}

function replyNotFound({ method, host, path, response }: Call, log: (line: string) => void): void {
  const hosts = HOSTS.filter((name) => name !== 'localhost' && !name.startsWith('*')).join(', ');
  const reason = `The local VOD has no service with this host and path: the host, or the first part of the path, must be one of: ${hosts}, or a host of the storage`;
  log(`${method} ${host}${path}: 404: ${reason}`);
  reply(response, 404, `${reason}\n`, { 'content-type': 'text/plain; charset=utf-8' });
}

/** Responds to a request whose handling failed. */
function replyToFailure(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  log: (line: string) => void,
): void {
  const isMalformed = error instanceof URIError;
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const reason = isMalformed ? 'The path is not percent-encoded correctly' : cause;
  log(`${request.method ?? ''} ${request.url ?? ''}: ${isMalformed ? 400 : 500}: ${reason}`);
  if (response.headersSent) request.socket.destroy();
  else if (isMalformed) reply(response, 400, `${reason}\n`);
  else reply(response, 500, 'The local VOD failed: its log has the reason\n');
}

/** Closes the port if the data cannot be read, so that the process can end. */
async function readState(dataDir: string, now: number, multiplexer: TlsHttpMultiplexer): Promise<State> {
  try {
    return new State(dataDir, now);
  } catch (error) {
    await multiplexer.close();
    throw error;
  }
}
