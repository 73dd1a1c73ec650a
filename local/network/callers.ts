import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { bracketed } from './open-port';

/*
 * Who sent a request. A page of any website can send requests to this machine. It is recognised by its Origin header, by
 * Sec-Fetch-Site, which browsers also send without an Origin, and, if its own host name was made to resolve to 127.0.0.1
 * (DNS rebinding), by the Host header, which still contains that name.
 */

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const LOCAL_ORIGIN = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/;
const LOOPBACK_ADDRESS = /^(::ffff:)?127\.|^::1$/;

/** A second address on which the local run listens. */
export interface PublicAddress {
  /** As given in HOST. */
  readonly name: string;
  /** The IP address of that name. */
  readonly address: string;
  /** 0.0.0.0 or ::, every address of this machine. */
  readonly isWildcard: boolean;
}

/** Whether the Host header names this machine, and the connection comes from it. */
export function isForThisMachine(request: IncomingMessage): boolean {
  return LOCAL_HOST.test(request.headers.host ?? '') && isFromLoopback(request);
}

/** Whether a program of this machine sent the request, and not a page in a browser. */
export function isFromLocalProgram(request: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site = 'none' } = request.headers;
  return isForThisMachine(request) && origin === undefined && site === 'none';
}

/** Whether the request comes from a page of another origin than the one that it is sent to. */
export function isCrossOrigin({ headers }: IncomingMessage): boolean {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (site === 'cross-site' || site === 'same-site') return true; // of one site are also all ports of localhost
  return origin !== undefined && authorityOf(origin) !== authorityOf(host);
}

/** Whether the origin is a page on this machine, on any port: an app's own development server. */
export function isLocalOrigin(origin: string): boolean {
  return LOCAL_ORIGIN.test(origin);
}

/** Whether the Host header is one that the local run is reached by. */
export function isKnownHost({ headers: { host = '' } }: IncomingMessage, added?: PublicAddress): boolean {
  return LOCAL_HOST.test(host) || (added !== undefined && isHostOf(added, hostnameOf(host)));
}

/**
 * Whether a page of this origin is a developer's own: of this machine, or of the host by which the request reaches it.
 */
export function isOwnOrigin(origin: string, request: IncomingMessage, added?: PublicAddress): boolean {
  if (isLocalOrigin(origin)) return true;
  const hostname = hostnameOf(request.headers.host ?? '');
  const isSameHost = hostnameOf(origin.replace(/^http:\/\//, '')) === hostname;
  return added !== undefined && origin.startsWith('http://') && isSameHost && isHostOf(added, hostname);
}

/** Host and port of an origin or a Host header; the names of loopback are one. */
function authorityOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^(127\.0\.0\.1|\[::1\])(?=:|$)/, 'localhost');
}

/** The host without its port, in lower case, an IPv6 address in brackets. */
export function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

function isHostOf({ name, address, isWildcard }: PublicAddress, hostname: string): boolean {
  if ([name, address].some((one) => bracketed(one).toLowerCase() === hostname)) return true;
  // An address cannot be rebound: only a name can.
  return isWildcard && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

function isFromLoopback({ socket: { localAddress = '', remoteAddress = '' } }: IncomingMessage): boolean {
  return LOOPBACK_ADDRESS.test(localAddress) && LOOPBACK_ADDRESS.test(remoteAddress);
}
