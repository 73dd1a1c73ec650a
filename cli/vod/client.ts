import { vod } from 'tencentcloud-sdk-nodejs-vod';
import type { KeyPair } from '../../lib/vod/schemas';
import { agentFor } from '../network/proxy';

/**
 * The vendor's client for VOD's server API (version 2018-07-17) at `url`, without retries: lib/vod/api.ts is for functions,
 * with their deadlines, and has only the actions that they call.
 */
export function vodClient(url: string, credential: KeyPair) {
  const target = new URL(url);
  const { protocol, host } = target;
  const httpProfile = { protocol: `${protocol}//`, endpoint: host, reqTimeout: 10, agent: agentFor(target) };
  return new vod.v20180717.Client({ credential, region: '', profile: { httpProfile } });
}

/** The code of an error that VOD returned; undefined if VOD did not respond. */
export function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
