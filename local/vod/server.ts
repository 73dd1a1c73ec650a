/*
 * A Tencent Cloud VOD on the laptop: upload service, object storage, events, task flows and server API on one port,
 * TLS and plain HTTP. It keeps what it is given and forgets nothing over a restart but its event configuration and faults.
 *
 * What this VOD does not check, or plays differently, in the order in which a client meets it. Where the vendor's
 * documents are silent, [?] marks what was chosen here.
 *
 * Upload service
 *   - any vodSubAppId, or none, is served from one library; a temporary key (STS) cannot sign
 *   - Host, Origin and rate limits are not checked
 *   - bounds that the signature's document states but no error code: 10004 [?]; a used one-time signature: 10004 [?]
 *   - Prepare does not use up a one-time signature [?]; Apply does even if it then fails [?]
 *   - currentTimeStamp may lie in the future [?]; unknown parameters of a signature are ignored [?]
 *   - taskPriority and taskNotifyMode without procedure are ignored [?]; classId need not exist
 *   - any storageRegion is enabled; the signature's wins over the request's [?]
 *   - any videoType is taken; the size that Apply announces is not compared with the file
 *   - a resumed session keeps what its first Apply carried: source context, procedure, class [?]
 *   - Commit may be repeated within the session's day and answers the same [?]
 * Object storage
 *   - one bucket in every region; private: no ACLs, no anonymous read, no versions, no listing but of uploads
 *   - the key of a session can still write its file after Commit [?]; Complete asked again after it succeeded: NoSuchUpload
 *   - storage classes, encryption, callbacks, traffic limits and x-cos-meta headers are ignored
 *   - signatures in the query string and the SDK's storageType "s3" (AWS signatures) are refused
 *   - dynamicAccelerate: no accelerated region is ever assigned
 * Events
 *   - the 2.0 format carries Sign and T too [?]; they are top-level members of the message [?], T is new at each send [?]
 *   - events of one file are not kept in order; a refused connection is not tried again
 *   - sibling events are omitted from pushed messages, null in pulled ones
 *   - pulling with nothing there answers an empty EventSet, after one second at most (VOD: five) [?]
 * Task flows
 *   - nothing is transcoded: each output is the original under another name, each snapshot one grey pixel
 *   - every template name exists [?] and does what LongVideoPreset does, FailingPreset aside
 *   - a snapshot does not replace a cover that was uploaded [?]
 *   - MetaData has Size and Container, and of MP4 and QuickTime files duration, width, height and bit rate
 * Server API
 *   - POST with TC3-HMAC-SHA256 only, signed for any service name, and for the host with its port or without
 *   - only the actions and parameters that api.ts lists; no rate limits
 *   - with `subAppIds`, a call that names none of them, or none at all: InvalidParameterValue.SubAppId, of which the
 *     document says that an application id is not right, and not that one is missing [?]
 *   - deleting parts of a file sends the event and deletes nothing; files never expire
 *   - codes for an unknown file (ResourceNotFound) and a late confirmation (InvalidParameterValue.EventHandles) [?]
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { address, HOSTS, serviceOf } from './address';
import { api } from './api';
import { Callbacks } from './callbacks';
import { certificateFor } from './certificate';
import { cos } from './cos';
import { EventQueue } from './event-queue';
import { changeFaults, NO_FAULTS, type Faults } from './faults';
import { TlsHttpMultiplexer } from './tls-http-multiplexer';
import { allowAnyOrigin, readBody, reply, replyJson } from './http';
import { Library } from './library';
import { Notifications, type EventConfig } from './notifications';
import { Procedures } from './procedures';
import { State } from './state';
import { ugc } from './ugc';

export interface VodOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly secretId: string;
  readonly secretKey: string;
  /** Where events are pushed to; '' = nowhere. */
  readonly callbackUrl: string;
  readonly signKey?: string;
  readonly mode?: EventConfig['mode'];
  /**
   * The applications of an account opened since 2023-12-25, one of which each call of the server API has to name. Without
   * them the account is an older one.
   */
  readonly subAppIds?: readonly number[];
  readonly now?: () => number;
  readonly log?: (line: string) => void;
  /** How long each step of a task flow takes. */
  readonly stepMs?: number;
  /** How long a callback may take to answer before it is sent again. */
  readonly callbackTimeoutMs?: number;
  /** How long after a pull an event may be confirmed; then it comes again. VOD's 30 s without a word. */
  readonly confirmWithinMs?: number;
  /** Nobody is called back before this resolves. */
  readonly callableOnce?: Promise<unknown>;
}

export interface Vod {
  readonly port: number;
  /** Plain HTTP; the same port speaks TLS. */
  readonly url: string;
  /** The certificate in force, for clients that can be told whom to trust. */
  readonly certificate: string;
  /** The account's key pairs, secret key by secret id: what is changed here is what the next request is checked with. */
  readonly keys: Map<string, string>;
  /** Changes the faults given, or resets all of them, and returns those in force. */
  setFaults(changed: Partial<Faults> | undefined): Faults;
  stop(): Promise<void>;
}

/** Starts a VOD on 127.0.0.1. */
export async function startVod(options: VodOptions): Promise<Vod> {
  const { subAppIds, now = Date.now, log = () => undefined } = options;
  const front = new TlsHttpMultiplexer(certificateFor(options.dataDir, HOSTS, now()), (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (request.socket.destroyed) return;
      log(
        `${request.method ?? ''} ${request.url ?? ''}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
      );
      if (response.headersSent) request.socket.destroy();
      else reply(response, error instanceof URIError ? 400 : 500, '');
    });
  });
  // The port before the data: a second start must not tidy up what the first one works with.
  const port = await front.listen(options.port);
  const state = await readState(options.dataDir, now(), front);
  const url = `http://localhost:${port}`;

  const callbacks = new Callbacks(state, options.callbackTimeoutMs ?? 5000, now, log, options.callableOnce);
  const queue = new EventQueue(state, 1000, options.confirmWithinMs ?? 30_000, now);
  const notifications = new Notifications(
    {
      mode: options.mode ?? 'PUSH',
      url: options.callbackUrl,
      uploadSwitch: true,
      deleteSwitch: true,
      persistenceSwitch: false,
      signKey: options.signKey ?? '',
    },
    callbacks,
    queue,
  );
  const procedures = new Procedures(state, notifications, options.stepMs ?? 300, now);
  const library = new Library(state, url, notifications, procedures, now);
  const keys = new Map([[options.secretId, options.secretKey]]);
  const vod = { state, library, procedures, notifications, queue, keys, subAppIds, now, log };
  const setFaults = (changed: Partial<Faults> | undefined): Faults =>
    (callbacks.faults = changed ? { ...callbacks.faults, ...changed } : NO_FAULTS);
  callbacks.resume(notifications.config);
  procedures.resume(library);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = address(request, response);
    if (call.path === '/local/faults') return changeFaults(call, callbacks.faults, setFaults);
    const service = request.headers['x-tc-action'] === undefined ? serviceOf(call.host) : 'api';
    switch (service) {
      case 'upload':
        return ugc(call, vod);
      case 'storage':
        return cos(call, state, now);
      case 'api':
        return api(call, vod);
      case 'report':
        if (allowAnyOrigin(call)) return;
        await readBody(request);
        replyJson(response, 200, {});
        return;
      case undefined:
        if (call.path.startsWith('/media/')) return library.serve(call);
        reply(response, 404, 'This is the local VOD: no service of it has this host and path\n');
    }
  }

  return {
    port,
    url,
    certificate: front.certificate,
    keys,
    setFaults,
    async stop() {
      callbacks.stop();
      procedures.stop();
      await front.close();
    },
  };
}

/** Closes the port again when the data cannot be read, or the process would stay with nothing to answer from. */
async function readState(dataDir: string, now: number, front: TlsHttpMultiplexer): Promise<State> {
  try {
    return new State(dataDir, now);
  } catch (error) {
    await front.close();
    throw error;
  }
}
