/** Internals of osls, which is pinned; tests/cli/proxy.test.ts fails when they change. */
declare module 'serverless/lib/aws/config.js' {
  import type { Agent as HttpAgent } from 'node:http';
  import type { Agent as HttpsAgent } from 'node:https';

  /** The HTTP options of the deploy's AWS clients: a proxy and certificate authorities of the environment. */
  export function buildHttpOptions(): { readonly httpAgent?: HttpAgent; readonly httpsAgent?: HttpsAgent };
  /** In PEM. */
  export function getCACertificates(): (string | Buffer)[];
}
