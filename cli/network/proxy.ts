import { globalAgent as directHttpAgent, type Agent } from 'node:http';
import { Agent as HttpsAgent, globalAgent as directHttpsAgent } from 'node:https';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';

/** The variables that the deploy (osls) reads: proxies in the order of its AWS calls, and certificate authorities. */
const PROXIES = ['proxy', 'HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];
const AUTHORITIES = ['ca', 'HTTPS_CA', 'https_ca', 'cafile', 'HTTPS_CAFILE', 'https_cafile'];
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http:', '80'],
  ['https:', '443'],
]);
const LOOPBACK = 'localhost,127.0.0.1,[::1]';

/** Agents by protocol (`https:`). */
type Agents = Partial<Record<string, Agent>>;

/** Empty while no proxy and no certificate authority is set. */
let aws: Agents = {};
let others: Agents = {};

/**
 * Applies the proxy and certificate authorities in the environment to all calls from here on: those of AWS in the way of the
 * deploy, by its own code, the others in the way of its fetch calls. NO_PROXY excepts hosts from both.
 */
export async function useProxy(): Promise<void> {
  const isSet = (names: readonly string[]) => names.some((name) => process.env[name]);
  if (!isSet(PROXIES) && !isSet(AUTHORITIES)) return;
  const malformed = PROXIES.find((name) => process.env[name] && !/^https?:\/\/[^/]/.test(process.env[name]));
  if (malformed !== undefined) {
    throw new Error(`${malformed} must be the URL of a proxy, for example http://proxy.example.com:8080`);
  }
  const { buildHttpOptions, getCACertificates } = await import('serverless/lib/aws/config.js');
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici');

  const { httpAgent, httpsAgent } = buildHttpOptions();
  aws = { ...(httpAgent && { 'http:': httpAgent }), ...(httpsAgent && { 'https:': httpsAgent }) };
  const ca = getCACertificates();
  const tls = ca.length === 0 ? {} : { ca };
  const httpProxy = firstOf(['proxy', 'http_proxy', 'HTTP_PROXY']);
  const httpsProxy = firstOf(['proxy', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']);
  others = {
    ...(httpProxy !== undefined && { 'http:': new HttpsProxyAgent(httpProxy, tls) }),
    'https:': httpsProxy === undefined ? new HttpsAgent(tls) : new HttpsProxyAgent(httpsProxy, tls),
  };
  const options = ca.length === 0 ? {} : { connect: tls, proxyTls: tls, requestTls: tls };
  setGlobalDispatcher(
    new EnvHttpProxyAgent({ ...options, ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }) }),
  );
}

/** For what `npm start` runs: no proxy reaches this machine. */
export async function useProxyExceptLoopback(): Promise<void> {
  const exceptions = noProxy();
  process.env['no_proxy'] =
    exceptions === '*' ? exceptions : [exceptions, LOOPBACK].filter((part) => part !== '').join(',');
  await useProxy();
}

/** The request handler of an AWS client, with its timeouts. */
export function awsRequestHandler(limits: NodeHttpHandlerOptions): NodeHttpHandler {
  const { 'http:': httpAgent, 'https:': httpsAgent } = aws;
  if (!httpAgent && !httpsAgent) return new NodeHttpHandler(limits);
  // The agents are the deploy's; the types name the class of http for one and of https for the other.
  return new ExceptingHandler(limits, { ...limits, httpAgent, httpsAgent } as NodeHttpHandlerOptions);
}

/** The agent for a call of VOD. An agent is always given: without one, the vendor's client reads http_proxy on its own. */
export function agentFor(url: URL): Agent {
  const direct = url.protocol === 'https:' ? directHttpsAgent : directHttpAgent;
  return isExcepted(url) ? direct : (others[url.protocol] ?? direct);
}

/** Returns the name of the variable that sets the proxy for a call of `url`, or undefined for a direct call. */
export function proxyVariable(url: string): string | undefined {
  if (!URL.canParse(url) || isExcepted(new URL(url))) return undefined;
  const names = url.startsWith('https:')
    ? ['proxy', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']
    : ['proxy', 'http_proxy', 'HTTP_PROXY'];
  return names.find((name) => process.env[name]);
}

type Request = Parameters<NodeHttpHandler['handle']>[0];
type Options = Parameters<NodeHttpHandler['handle']>[1];

/** Sends requests through a proxy, but directly to the hosts in NO_PROXY. */
class ExceptingHandler extends NodeHttpHandler {
  readonly #direct: NodeHttpHandler;

  constructor(direct: NodeHttpHandlerOptions, proxied: NodeHttpHandlerOptions) {
    super(proxied);
    this.#direct = new NodeHttpHandler(direct);
  }

  override handle(request: Request, options?: Options): ReturnType<NodeHttpHandler['handle']> {
    const { protocol, hostname, port } = request;
    const isDirect = isExcepted({ protocol, hostname, port: port === undefined ? '' : String(port) });
    return isDirect ? this.#direct.handle(request, options) : super.handle(request, options);
  }
}

function firstOf(names: readonly string[]): string | undefined {
  return names.map((name) => process.env[name]).find((value) => value);
}

function noProxy(): string {
  return process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '';
}

/** Whether NO_PROXY names the host, as undici reads it: hosts and their subdomains, each with a port if it has one, or `*`. */
function isExcepted({ protocol, hostname, port }: Pick<URL, 'protocol' | 'hostname' | 'port'>): boolean {
  if (noProxy() === '*') return true;
  const host = hostname.toLowerCase();
  return noProxy()
    .split(/[,\s]+/)
    .some((entry) => {
      const [, name = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
      const excepted = name.replace(/^\*?\./, '').toLowerCase();
      if (excepted === '') return false;
      if (onlyPort !== undefined && onlyPort !== (port === '' ? DEFAULT_PORTS.get(protocol) : port)) return false;
      return host === excepted || host.endsWith(`.${excepted}`);
    });
}
