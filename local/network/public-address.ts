import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { StartupError } from '../startup-error';
import type { PublicAddress } from './callers';
import { LOOPBACK, type Address } from './open-port';

const WILDCARDS = ['0.0.0.0', '::'];
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/**
 * The address that a host names, or undefined if it names loopback only.
 *
 * @param setting what sets the host, for the error messages
 * @throws StartupError for a name that has no address
 */
export async function publicAddressOf(host: string | undefined, setting = 'HOST'): Promise<PublicAddress | undefined> {
  if (host === undefined || LOOPBACK_NAMES.includes(host)) return undefined;
  const address = isIP(host) === 0 ? await resolveName(host, setting) : host;
  if (/^127\.|^::1$/.test(address)) {
    throw new StartupError(
      `${setting} ${host} is ${address}, a loopback address: set an address of this machine that the network can reach`,
    );
  }
  return { name: host, address, isWildcard: WILDCARDS.includes(address) };
}

/** Where the routes and the local VOD listen: on loopback, and on the public address if there is one. */
export function addressesOf(added: PublicAddress | undefined): readonly Address[] {
  if (!added) return LOOPBACK;
  if (added.address === '::') return [{ host: '::' }];
  if (added.address === '0.0.0.0') return [{ host: '0.0.0.0' }, ...LOOPBACK.filter(({ host }) => host === '::1')];
  return [...LOOPBACK, { host: added.address }];
}

async function resolveName(name: string, setting: string): Promise<string> {
  try {
    return (await lookup(name)).address;
  } catch {
    throw new StartupError(
      `${setting} must be an address of this machine or a name of it, such as 192.168.1.5, not "${name}"`,
    );
  }
}
