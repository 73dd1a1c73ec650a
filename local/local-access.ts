import type { IncomingMessage, ServerResponse } from 'node:http';
import { isCrossOrigin, isForThisMachine, isKnownHost, isOwnOrigin, type PublicAddress } from './network/callers';

export const PAGE = '/';
export const TOKEN = '/local/token';
export const RUN = '/local/run/';
export const PLAYBACK_KEYS = '/local/playback-keys';
export const EVENTS = '/local/events';
export const WEBHOOKS = '/local/webhooks';
/** The forwarder to which the function sends webhooks. */
export const NOTIFY = '/local/notify';
export const VOD = '/local/vod';
export const FAULTS = '/local/faults';
export const COVER = '/local/cover/';

/** Refused from the network, to which HOST may open the run: they change it, or show more than rows and files. */
const MACHINE_ONLY = [RUN, PLAYBACK_KEYS, EVENTS, WEBHOOKS, NOTIFY, VOD, FAULTS];

/**
 * Why a request to the page and `/local/*` is refused, undefined if it is not: no page of another origin may call these
 * routes. The page itself can be opened from everywhere; a developer's own origins can get tokens.
 */
export function refusalOf(request: IncomingMessage, path: string, added?: PublicAddress): string | undefined {
  if (!isKnownHost(request, added)) {
    const name = added && !added.isWildcard ? `, 127.0.0.1 or ${added.name}` : ' or 127.0.0.1';
    return `The Host header must be localhost${name}`;
  }
  if (MACHINE_ONLY.some((route) => path.startsWith(route)) && !isForThisMachine(request)) {
    return 'This route accepts requests from this machine only: call it at http://localhost';
  }
  if (path === PAGE || !isCrossOrigin(request)) return undefined;
  if (path !== TOKEN) return 'This route does not accept cross-origin requests';
  const { origin = '' } = request.headers;
  return isOwnOrigin(origin, request, added) ? undefined : `The origin must be http://localhost:<port>, not ${origin}`;
}

/** Lets a developer's own page read the token. Returns true if the request was a preflight, which then has its response. */
export function allowOwnOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('vary', 'origin');
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-methods', 'POST');
  // Development tools add headers of their own to every request.
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '');
  response.setHeader('access-control-max-age', '600');
  response.writeHead(204).end();
  return true;
}
