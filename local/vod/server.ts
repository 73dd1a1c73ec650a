/*
 * A local emulator of Tencent Cloud VOD: upload service, object storage, events, procedures, reviews, playback and server
 * API on one port, TLS and plain HTTP. All data survives a restart, except the event configuration and the faults.
 *
 * Differences from the real VOD, in the order in which a client meets them. [?] marks what the vendor does not document.
 *
 * Upload service
 *   - all values of vodSubAppId share one library; a temporary key (STS) cannot sign
 *   - Host, Origin and rate limits are not checked
 *   - bounds that 266/9221 states without an error code: 10004 [?]; a used one-time signature: 10004 [?]
 *   - the message of 10004 and 10010 ends with what is wrong with the signature, which VOD does not tell; so does `hint`
 *   - Prepare does not use up a one-time signature [?]; Apply does even if it then fails [?]
 *   - currentTimeStamp may be in the future [?]; unknown parameters of a signature are ignored [?]
 *   - taskPriority and taskNotifyMode without a procedure are ignored [?]; classId need not exist
 *   - every storageRegion is enabled; the one of the signature takes precedence over the one of the request [?]
 *   - file types outside 266/2846, a missing videoType, names over 200 bytes or with / : * ? " < > \ |: 10001 with a
 *     message that names the parameter [?]; an empty name is accepted [?]
 *   - Type is stored as sent, upper case included [?]; the category follows from it, OGG is Audio [?]
 *   - the size in Apply is not compared with the file
 *   - a resumed session keeps the source context, procedure and class of its first Apply [?]
 *   - Commit may be repeated within 24 hours and returns the same [?]
 * Object storage
 *   - one bucket in every region; private: no ACLs, no anonymous reads, no versions, only unfinished uploads are listed
 *   - the credentials of a session can still write its file after Commit [?]; a second Complete returns NoSuchUpload
 *   - storage classes, encryption, callbacks, traffic limits and x-cos-meta headers are ignored
 *   - signatures in the query string and the SDK's storageType "s3" (AWS signatures) are refused
 *   - HEAD of a bucket by a web page, with which the Web SDK compares regions, returns 200 (COS: 403 [?])
 *   - Vod-Forward-Cos is followed for any Host; dynamicAccelerate: no accelerated region is ever assigned
 * Events
 *   - format 2.0 has Sign and T too [?]; they are top-level members of the message [?], T is new for each attempt [?]
 *   - the events of one file are not ordered; a refused connection is not retried
 *   - members of other event types are omitted from pushed messages and null in pulled ones
 *   - PullEvents returns an empty EventSet after one second without events (VOD: five) [?]
 *   - ReviewAudioVideoComplete is sent whatever taskNotifyMode is [?], in format 3.0 only
 * Procedures and reviews
 *   - nothing is transcoded: each output has the bytes of the original, each snapshot is one grey pixel
 *   - every template name exists [?] and is processed like LongVideoPreset, except FailingPreset, BlockingPreset,
 *     ReviewPreset and those given in the options
 *   - a snapshot does not replace an uploaded cover [?]
 *   - a review never changes the Status of a file [?]; a decision by POST /local/review changes ReviewInfo only [?]
 *   - MetaData has Size and Container; for MP4 and QuickTime also duration, width, height and bit rate
 * Playback
 *   - Key hotlink protection covers all media URLs, also those of images [?]; a URL expires at its `t` (VOD: about 300 s
 *     later); `exper`, `rlimit` and the lists of regions and sites are checked in the sign, but not enforced
 *   - playvideo.qcloud.com: getplayinfo/v4 only; an expired psign: 1004 [?], none at all: 1008 [?], a missing output: 1010
 *     [?]; currentTimeStamp may be in the future [?]; unknown claims, and domain and scheme of urlAccessInfo, are ignored
 *   - without `t` in urlAccessInfo, the returned URLs have no sign and do not play while Key hotlink protection is on [?]
 *   - a forbidden file is returned like any other [?]; its URLs return 403, which takes VOD 5 to 10 minutes
 *   - there are no adaptive streams, image sprites and watermarks
 * Server API
 *   - POST with TC3-HMAC-SHA256 only, signed for any service name, and for the host with or without its port
 *   - only the actions and parameters in api/; no rate limits
 *   - with `subAppIds`, a call without one of them returns InvalidParameterValue.SubAppId, which is documented for a wrong
 *     id, not for a missing one [?]
 *   - DeleteMedia deletes covers made by a procedure with TranscodeFiles of all templates only [?]; files never expire
 *   - a processing request without the original returns FailedOperation [?]
 *   - DescribeVodDomains knows one domain: the host of the media URLs, with its port; PlayKey and EncryptedKey are the
 *     first of the keys, '' if there is none [?]
 *   - codes for an unknown file (ResourceNotFound) and a late confirmation (InvalidParameterValue.EventHandles) [?]
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeFolder } from '../make-folder';
import { bracketed, type Address } from '../network/open-port';
import { HOSTS, parseCall, serviceOf } from './address';
import { ServerApi, type CallCounts } from './api/api';
import { Callbacks } from './callbacks';
import { certificateFor } from './certificate';
import { handleCos } from './cos';
import { EventQueue } from './event-queue';
import { FaultInjector, type Faults } from './faults';
import { allowAnyOrigin, readBody, reply, replyJson, type Call } from './http';
import { Library } from './library';
import { handleLocalRoute, LOCAL_PATH } from './local-routes';
import { MEDIA_PATH, serveMedia } from './media-server';
import { Notifications, type EventConfig } from './notifications';
import { handlePlayInfo } from './play-info';
import { parsePlaybackKeys } from './playback-keys';
import type { ProcedureTemplate } from './procedure-templates';
import { Procedures } from './procedures';
import { State } from './state';
import { TlsHttpMultiplexer } from './tls-http-multiplexer';
import { handleUgc } from './ugc';
import { Uploads, type PutMedia, type PutResult } from './uploads';

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
  /** How many calls of each action of the server API arrived since the start, refused ones included. */
  readonly calls: Readonly<CallCounts>;
  /** Changes the given faults, or resets all of them, and returns the current values. */
  setFaults(changed: Partial<Faults> | undefined): Faults;
  /** Adds a file without the upload protocol, as if its upload had just been committed. Stores no bytes. */
  put(media: PutMedia): PutResult;
  stop(): Promise<void>;
}

/** Starts a VOD on loopback, IPv4 and IPv6. Throws PortTaken if another program has the port. */
export async function startVod(options: VodOptions): Promise<Vod> {
  const { mediaHost = 'localhost', now = Date.now, log = () => undefined } = options;
  makeFolder(options.dataDir);
  const multiplexer = new TlsHttpMultiplexer(certificateFor(options.dataDir, HOSTS, now()), (request, response) => {
    route(request, response, services).catch((error: unknown) => {
      if (request.socket.destroyed) return;
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log(`${request.method ?? ''} ${request.url ?? ''}: ${cause}`);
      if (response.headersSent) request.socket.destroy();
      else reply(response, error instanceof URIError ? 400 : 500, '');
    });
  });
  // Opens the port before the data: a second start must not clean up the data that the first one uses.
  const port = await multiplexer.listen(options.port, options.addresses);
  const state = await readState(options.dataDir, now(), multiplexer);
  const mediaOrigin = `http://${bracketed(mediaHost)}:${port}`;
  const services = createServices(options, state, mediaOrigin);
  const { callbacks, procedures, uploads, serverApi, faults, keys } = services;
  callbacks.resume(services.notifications.config);
  procedures.resume();
  return {
    port,
    url: `http://localhost:${port}`,
    mediaOrigin,
    certificate: multiplexer.certificate,
    keys,
    get calls() {
      return serverApi.counts;
    },
    setFaults: (changed) => faults.change(changed),
    put: (media) => uploads.put(media),
    async stop() {
      callbacks.stop();
      procedures.stop();
      await multiplexer.close();
    },
  };
}

type Services = ReturnType<typeof createServices>;

function createServices(options: VodOptions, state: State, origin: string) {
  const { subAppIds, now = Date.now, log = () => undefined } = options;
  const faults = new FaultInjector();
  const callbacks = new Callbacks(state, faults, options.callbackTimeoutMs ?? 5000, now, log, options.callableOnce);
  const queue = new EventQueue(state, 1000, options.confirmWithinMs ?? 30_000, now);
  const config: EventConfig = {
    mode: options.mode ?? 'PUSH',
    url: options.callbackUrl,
    uploadSwitch: true,
    deleteSwitch: true,
    persistenceSwitch: false,
    signKey: options.signKey ?? '',
  };
  const notifications = new Notifications(config, callbacks, queue);
  const library = new Library(state, origin, faults, now);
  const templates = new Map(Object.entries(options.procedures ?? {}));
  const procedures = new Procedures(state, library, notifications, templates, options.stepMs ?? 300, now);
  const uploads = new Uploads(state, library, procedures, notifications, now);
  const keys = new Map([[options.secretId, options.secretKey]]);
  const playbackKeys = parsePlaybackKeys(options.playerKey, options.urlKey);
  const data = { state, library, procedures, notifications, queue, faults };
  const shared = { ...data, keys, playbackKeys, origin, subAppIds, now, log };
  return { ...shared, callbacks, uploads, serverApi: new ServerApi(shared) };
}

async function route(request: IncomingMessage, response: ServerResponse, services: Services): Promise<void> {
  const call: Call = parseCall(request, response);
  if (call.path.startsWith(LOCAL_PATH)) return handleLocalRoute(call, services);
  const service = request.headers['x-tc-action'] === undefined ? serviceOf(call.host) : 'api';
  switch (service) {
    case 'upload':
      return handleUgc(call, services);
    case 'storage':
      return handleCos(call, services.state, services.now);
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
      reply(response, 404, 'The local VOD has no service with this host and path\n');
  }
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
