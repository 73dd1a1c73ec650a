import type { Action, ApiDeps } from './deps';
import { getInteger, getStrings, type Parameters } from './parameters';

const MAX_DOMAINS_PER_CALL = 20;
const DEFAULT_LIMIT = 20;

export const DescribeVodDomains: Action = { parameters: ['Domains', 'Limit', 'Offset'], run: describeVodDomains };
export const DescribeDefaultDistributionConfig: Action = { parameters: [], run: describeDefaultDistributionConfig };

/** There is one domain, which is the host of the media URLs. */
function describeVodDomains({ origin, playbackKeys }: ApiDeps, parameters: Parameters): object {
  const { host } = new URL(origin);
  const names = getStrings(parameters, 'Domains', MAX_DOMAINS_PER_CALL) ?? [];
  const offset = getInteger(parameters, 'Offset', 0) ?? 0;
  const limit = getInteger(parameters, 'Limit', 0) ?? DEFAULT_LIMIT;
  const [urlKey] = playbackKeys.url;
  const domain = {
    Domain: host,
    DeployStatus: 'Online',
    HTTPSConfig: null,
    UrlSignatureAuthPolicy: { Status: urlKey === undefined ? 'Disabled' : 'Enabled', EncryptedKey: urlKey ?? '' },
    RefererAuthPolicy: { Status: 'Disabled', AuthType: '', Referers: [], BlankRefererAllowed: '' },
    Type: 'VOD',
  };
  const found = names.length === 0 || names.includes(host) ? [domain] : [];
  return { TotalCount: found.length, DomainSet: found.slice(offset, offset + limit) };
}

function describeDefaultDistributionConfig({ origin, playbackKeys }: ApiDeps): object {
  const { host, protocol } = new URL(origin);
  return { Domain: host, Scheme: protocol.slice(0, -1).toUpperCase(), PlayKey: playbackKeys.player[0] ?? '' };
}
