import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fetchNode, type Major } from '../../support/node-majors';

/** A function's zip, unpacked, and what the template declares for it. */
export interface Unpacked {
  readonly folder: string;
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly milliseconds: number;
}

/** Where the services that a function calls are. */
export interface ServiceUrls {
  readonly table: { readonly url: string };
  readonly store: { readonly url: string };
  readonly queues: { readonly url: string };
}

export interface Node {
  readonly major: string;
  readonly node: string;
  /** Why it is not Lambda's. */
  readonly skipped?: string;
}

/** Lambda's version, or the one that runs this if it cannot be fetched. */
export async function findNode(major: Major): Promise<Node> {
  try {
    return { major: String(major), node: await fetchNode(major) };
  } catch (error) {
    const skipped = `${process.version} ran them INSTEAD OF ${major} (${String(error)})`;
    return { major: `${process.version} INSTEAD OF ${major}`, node: process.execPath, skipped };
  }
}

/**
 * Calls an unpacked function once, in an instance of its own.
 *
 * @throws Error with its log when it fails
 */
export async function invoke(node: string, unpacked: Unpacked, { table, store, queues }: ServiceUrls, event: object) {
  const { folder, handler, env, milliseconds } = unpacked;
  const aws = {
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_ENDPOINT_URL_SQS: queues.url,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const child = spawn(node, [join(__dirname, 'host.js'), folder, handler, String(milliseconds)], {
    env: { ...env, ...aws },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    timeout: milliseconds,
  });
  const [stdin, ...outputs] = child.stdio as unknown as [Writable, ...Readable[]];
  stdin.end(JSON.stringify(event));
  const [ended, log = '', errors = '', response = ''] = await Promise.all([once(child, 'close'), ...outputs.map(text)]);
  const [code] = ended as [number | null];
  if (code !== 0) throw new Error(`Cannot call ${handler} on ${node}: ${log}${errors}`);
  return { response: JSON.parse(response) as unknown, log };
}
