import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { ServerlessConfig } from './config';
import type { Functions } from './functions';
import type { Issuer } from './issuer';
import { isForThisMachine, pathOf, readBody, sendJson, sendMessage, type Listener } from './server';
import type { Upload } from './uploads';

const MAX_BODY = 2 ** 16;
const ISSUER = '/local/issuer';
const RUN = '/local/run/';

export interface LocalRoutesOptions {
  readonly config: ServerlessConfig;
  readonly functions: Functions;
  readonly issuer: Issuer;
  readonly uploads: () => Promise<Upload[]>;
}

/** What is there on a laptop and not on AWS: the page, tokens for anyone, the rows, scheduled functions run at will. */
export function localRoutes({ config, functions, issuer, uploads }: LocalRoutesOptions): Listener {
  return async (request, response) => {
    const body = await readBody(request, MAX_BODY);
    if (!isForThisMachine(request)) {
      sendMessage(response, 403, 'Ask as localhost or 127.0.0.1');
      return;
    }
    const path = pathOf(request);
    const document = path.startsWith(ISSUER) ? issuer.documents.get(path.slice(ISSUER.length)) : undefined;
    if (request.method === 'GET' && path === '/') await sendPage(response);
    else if (request.method === 'GET' && document) sendJson(response, 200, document);
    else if (request.method === 'GET' && path === '/local/uploads') sendJson(response, 200, await uploads());
    else if (request.method === 'POST' && path === '/local/token') await sendToken(response, body);
    else if (request.method === 'POST' && path.startsWith(RUN)) await run(response, path.slice(RUN.length));
    else sendMessage(response, 404, 'Not Found');
  };

  async function sendToken(response: ServerResponse, body: Buffer | undefined): Promise<void> {
    const claims = parseObject(body);
    if (claims) sendJson(response, 200, { token: await issuer.token(claims) });
    else sendMessage(response, 400, 'Send a JSON object of claims, for example {"sub": "user-42"}');
  }

  async function run(response: ServerResponse, name: string): Promise<void> {
    const declared = Object.hasOwn(config.functions, name) ? config.functions[name] : undefined;
    const schedule = declared?.events.find((event) => event.schedule !== undefined)?.schedule;
    if (schedule === undefined) {
      sendMessage(response, 404, 'Not Found');
      return;
    }
    const outcome = await functions.invoke(name, inputOf(schedule) ?? scheduledEvent(config.provider.region));
    if (outcome === 'failed') sendMessage(response, 500, 'Internal Server Error');
    else sendJson(response, 200, JSON.parse(outcome.json));
  }
}

/** Whether a request is for these routes and not for those of serverless.yml. */
export function isLocalRoute(request: IncomingMessage): boolean {
  const path = pathOf(request);
  return path === '/' || path.startsWith('/local/');
}

async function sendPage(response: ServerResponse): Promise<void> {
  const page = await readFile(join(__dirname, 'page', 'index.html'));
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
}

function inputOf(schedule: unknown): unknown {
  return typeof schedule === 'object' && schedule !== null && 'input' in schedule ? schedule.input : undefined;
}

/** As EventBridge sends it to a function with a rate and no input of its own. */
function scheduledEvent(region: string): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: new Date().toISOString().replace(/\.\d+/, ''),
    region,
    resources: [],
    detail: {},
  };
}

function parseObject(body: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body?.toString() ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
