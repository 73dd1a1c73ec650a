import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerlessConfig } from './config';
import { inspectionRoutes, type InspectionOptions } from './inspection-routes';
import { schedulesOf } from './lambda/event-sources/schedule';
import type { Functions } from './lambda/functions';
import type { Issuer } from './services/issuer';
import { allowOwnOrigin, PAGE, PLAYBACK_KEYS, refusalOf, RUN, TOKEN } from './local-access';
import type { PublicAddress } from './network/callers';
import { readPageFile, sendPageFile } from './page-files';
import { parseObject, pathOf, readBody, sendJson, sendMessage, type Listener } from './server';
import type { Upload } from './uploads';

const MAX_BODY = 2 ** 16;
const ISSUER = '/local/issuer';

export interface LocalRoutesOptions {
  readonly config: ServerlessConfig;
  readonly functions: Functions;
  readonly issuer: Issuer;
  readonly uploads: () => Promise<Upload[]>;
  /** The page's configuration, for the host by which a request reaches it. */
  readonly page: (request: IncomingMessage) => PageConfig;
  /** The client package by file name, for the page. */
  readonly clientModules: ReadonlyMap<string, string>;
  /** The callbacks, webhooks and local VOD that the page inspects. */
  readonly inspection: Omit<InspectionOptions, 'vodUrl'>;
  readonly publicAddress?: PublicAddress;
  /** Absent where playback is off. */
  readonly playbackKeys?: PlaybackKeys;
}

export interface PlaybackKeys {
  readonly playerKey: string;
  readonly urlKey: string;
  readonly appId: number;
}

/** The response of `GET /local/config`, which the page reads. */
export interface PageConfig {
  readonly vodUrl: string;
  /** The procedures that the policy allows. */
  readonly procedures: readonly string[];
  /** Whether GET /uploads/{fileId}/playback exists. */
  readonly playback: boolean;
  /** Whether DELETE /uploads/{fileId} exists. */
  readonly allowDelete: boolean;
  /** Where webhooks go, without the query; '' = none are sent. */
  readonly notifyUrl: string;
}

/**
 * The routes that exist only locally: the page and what it shows, tokens for any user, the rows, and runs of scheduled
 * functions.
 */
export function localRoutes(options: LocalRoutesOptions): Listener {
  const { config, functions, issuer, uploads, page, clientModules, publicAddress, playbackKeys } = options;
  const inspect = inspectionRoutes({ ...options.inspection, vodUrl: (request) => page(request).vodUrl });
  return async (request, response) => {
    const body = await readBody(request, MAX_BODY);
    const path = pathOf(request);
    const refusal = refusalOf(request, path, publicAddress);
    if (refusal !== undefined) {
      sendMessage(response, 403, refusal);
      return;
    }
    if (path === TOKEN && request.headers.origin !== undefined && allowOwnOrigin(request, response)) return;
    if (await inspect({ request, response, body: body ?? Buffer.alloc(0) })) return;
    if (request.method === 'GET') await handleGet(request, response, path);
    else if (request.method === 'POST' && path === TOKEN) await sendToken(response, body);
    else if (request.method === 'POST' && path.startsWith(RUN)) await run(response, path.slice(RUN.length), body);
    else sendMessage(response, 404, 'Not Found');
  };

  async function handleGet(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const document = path.startsWith(ISSUER) ? issuer.documents.get(path.slice(ISSUER.length)) : undefined;
    const file = await readPageFile(path, clientModules);
    if (file) sendPageFile(response, file, page(request).vodUrl);
    else if (document) sendJson(response, 200, document);
    else if (path === '/local/config') sendJson(response, 200, page(request));
    else if (path === '/local/uploads') sendJson(response, 200, await uploads());
    else if (path === PLAYBACK_KEYS && playbackKeys) sendJson(response, 200, playbackKeys);
    else sendMessage(response, 404, 'Not Found');
  }

  async function sendToken(response: ServerResponse, body: Buffer | undefined): Promise<void> {
    const claims = parseObject(body);
    if (claims) sendJson(response, 200, { token: await issuer.token(claims) });
    else sendMessage(response, 400, 'The body must be a JSON object of claims, for example {"sub": "user-42"}');
  }

  /** Invokes the function with the JSON object in the body, or else with the event of its schedule. */
  async function run(response: ServerResponse, name: string, body: Buffer | undefined): Promise<void> {
    // By its file name, which is the function's name in the documentation.
    const schedule = schedulesOf(config).find(({ fileName }) => fileName === name);
    if (!schedule) {
      sendMessage(response, 404, 'Not Found');
      return;
    }
    const outcome = await functions.invoke(schedule.functionKey, parseObject(body) ?? schedule.createEvent());
    if (outcome === 'failed') sendMessage(response, 500, 'Internal Server Error');
    else sendJson(response, 200, JSON.parse(outcome.json));
  }
}

/** Whether a request is for these routes and not for those of serverless.yml. */
export function isLocalRoute(request: IncomingMessage): boolean {
  const path = pathOf(request);
  return path === PAGE || path.startsWith('/local/');
}
