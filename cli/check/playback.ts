import { describe } from '../../lib/platform/log';
import type { Deployment } from '../deployment/deployment';
import { fingerprint } from '../deployment/state';
import { vodClient } from '../vod/client';
import type { Check, Findings } from './findings';
import type { Secrets } from './secrets';
import { tryAgain, vodRefusal } from '../vod/refusal';

/** Domains of one call, and calls at most. */
const PAGE = 20;
const MAX_PAGES = 10;

type VodClient = ReturnType<typeof vodClient>;

/** The playback settings of VOD. */
interface Distribution {
  readonly playerKey: string | undefined;
  /** The domain of new files' URLs. */
  readonly defaultDomain: string | undefined;
}

interface Domain {
  readonly name: string;
  readonly isProtected: boolean;
  /** Absent where VOD does not report it. */
  readonly urlKey: string | undefined;
}

/** Compares the keys for playback with VOD's; of a deployment without such keys nothing is checked. */
export async function checkPlayback(deployment: Deployment, secrets: Secrets, findings: Findings): Promise<void> {
  const { playerKey, urlKey } = deployment.parameters;
  const required: Check[] = [];
  if (playerKey !== undefined) required.push('player-key');
  if (urlKey !== undefined) required.push('url-key');
  if (required.length === 0) return;
  checkContent(deployment, findings);
  const [playerText] = secrets.playerKeys ?? [];
  if (playerText !== undefined && playerText === secrets.urlKeys?.[0]) {
    const advice = 'they are two secrets of VOD, copy each from its own page of the console';
    findings.fault('playback-keys', `player key and URL key are the same text: ${advice}`);
  }
  const pair = secrets.vodApiKey ?? secrets.vodKey;
  if (findings.isFault('vod-api') || pair === undefined) {
    findings.notChecked(required, 'VOD must respond and accept the key first');
    return;
  }
  const client = vodClient(deployment.vodApiUrl, pair);
  const application = deployment.vodSubAppId === undefined ? {} : { SubAppId: deployment.vodSubAppId };
  const distribution = await call(() => describeDistribution(client, application));
  const domains = await call(() => describeDomains(client, application));
  if (playerKey !== undefined) {
    if (typeof distribution === 'string') findings.notChecked(['player-key'], distribution);
    else comparePlayerKey(playerKey, distribution, typeof domains === 'string' ? [] : domains, secrets, findings);
  }
  if (urlKey !== undefined) {
    if (typeof domains === 'string') findings.notChecked(['url-key'], domains);
    else compareUrlKey(urlKey, domains, typeof distribution === 'string' ? undefined : distribution, secrets, findings);
  }
}

/** Every content but the original is one template's output (266/45554). */
function checkContent({ playback: { content }, parameters }: Deployment, findings: Findings): void {
  const { audioVideoType, definition } = content;
  if (parameters.playerKey === undefined || audioVideoType === 'Original' || definition !== undefined) return;
  const advice = "set it to the template's id and deploy again";
  findings.fault('playback-content', `PLAYBACK_CONTENT=${audioVideoType} requires PLAYBACK_DEFINITION: ${advice}`);
}

/** Returns what VOD returned, or the reason why it is unknown. */
async function call<T>(request: () => Promise<T>): Promise<T | string> {
  try {
    return await request();
  } catch (error) {
    const refusal = vodRefusal(error);
    const { kind, code } = refusal;
    if (kind === 'denied') {
      return `the key's CAM policy lacks vod:DescribeDefaultDistributionConfig or vod:DescribeVodDomains: add both (${code})`;
    }
    return kind === 'transient' ? tryAgain(refusal) : `${code}: ${describe(error).reason}`;
  }
}

async function describeDistribution(client: VodClient, application: { SubAppId?: number }): Promise<Distribution> {
  const { PlayKey: playerKey, Domain: domain } = await client.DescribeDefaultDistributionConfig(application);
  return { playerKey: textOf(playerKey), defaultDomain: textOf(domain) };
}

async function describeDomains(client: VodClient, application: { SubAppId?: number }): Promise<Domain[]> {
  const domains: Domain[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const { DomainSet: pageDomains, TotalCount: total } = await client.DescribeVodDomains({
      ...application,
      Limit: PAGE,
      Offset: page * PAGE,
    });
    for (const { Domain: name = '', UrlSignatureAuthPolicy: policy } of pageDomains ?? []) {
      domains.push({ name, isProtected: policy?.Status === 'Enabled', urlKey: textOf(policy?.EncryptedKey) });
    }
    if (domains.length >= (total ?? 0) || (pageDomains ?? []).length === 0) break;
  }
  return domains;
}

/** Treats null and '', which VOD returns for a missing value, as missing. */
function textOf(value: string | null | undefined): string | undefined {
  return value === '' ? undefined : (value ?? undefined);
}

function comparePlayerKey(
  name: string,
  { playerKey }: Distribution,
  domains: readonly Domain[],
  { playerKeys }: Secrets,
  findings: Findings,
): void {
  const [own, ...others] = playerKeys ?? [];
  if (own === undefined) {
    findings.notChecked(['player-key'], `${name} must contain a player key first`);
  } else if (playerKey === undefined) {
    const advice = 'generate it in the console (分发播放设置, 默认分发配置), and store it';
    findings.fault('player-key', `VOD has no player key (播放密钥), or does not report it: ${advice}`);
  } else if (own === playerKey) {
    findings.ok('player-key', `VOD has ${fingerprint(own)}`);
  } else {
    const protectedBy = domains.find(({ urlKey }) => urlKey === own);
    const is = protectedBy ? `is the URL key of ${protectedBy.name}` : `has ${fingerprint(own)}`;
    findings.fault(
      'player-key',
      `${name} ${is}, VOD's player key is ${fingerprint(playerKey)}: ${adviseOn(others, playerKey)}`,
    );
  }
}

function compareUrlKey(
  name: string,
  domains: readonly Domain[],
  distribution: Distribution | undefined,
  { urlKeys }: Secrets,
  findings: Findings,
): void {
  const [own, ...others] = urlKeys ?? [];
  // VOD's URLs name the default domain.
  const defaultDomains = domains.filter((domain) => domain.name === distribution?.defaultDomain);
  const used = defaultDomains.length > 0 ? defaultDomains : domains;
  const protectedDomains = used.filter(({ isProtected }) => isProtected);
  const openDomains = domains.filter(({ isProtected }) => !isProtected);
  const different = protectedDomains.filter(({ urlKey }) => urlKey !== undefined && urlKey !== own);
  if (own === undefined) {
    findings.notChecked(['url-key'], `${name} must contain a URL key first`);
  } else if (protectedDomains.length === 0) {
    const isOff = 'has Key hotlink protection (Key 防盗链) switched off';
    const subject = openDomains.length === domains.length ? 'every domain' : `${namesOf(used)}, the default domain,`;
    const where = used.length === 0 ? 'a domain' : namesOf(used);
    const advice = `switch it on for ${where} in the console, or clear URL_KEY_PARAMETER and deploy again`;
    findings.fault('url-key', `${subject} ${isOff}, so any URL plays without a sign: ${advice}`);
  } else if (different.length > 0) {
    const has = different.map((domain) => `${domain.name} has ${fingerprint(domain.urlKey ?? '')}`).join(', ');
    const is = own === distribution?.playerKey ? "is VOD's player key" : `has ${fingerprint(own)}`;
    findings.fault('url-key', `${name} ${is}, ${has}: ${adviseOn(others, different[0]?.urlKey ?? '')}`);
  } else if (protectedDomains.every(({ urlKey }) => urlKey === undefined)) {
    findings.notChecked(['url-key'], `VOD does not report the key of ${namesOf(protectedDomains)}`);
  } else {
    const exception = openDomains.length === 0 ? '' : `, not by ${namesOf(openDomains)}`;
    findings.ok('url-key', `a sign with ${fingerprint(own)} is required by ${namesOf(protectedDomains)}${exception}`);
  }
}

function namesOf(domains: readonly Domain[]): string {
  return domains.map(({ name }) => name).join(', ');
}

/** @param others the further values of the parameter, which sign nothing */
function adviseOn(others: readonly string[], atVod: string): string {
  if (others.includes(atVod)) return 'it is the second value of the parameter, put it first';
  return 'store the key that VOD has, or set this one in the console';
}
