import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFromLocalProgram } from '../network/callers';
import { listen, readBody, sendJson, type Listening } from '../server';
import { queueActions } from './sqs/actions';
import { SqsError } from './sqs/errors';
import { parseInput } from './sqs/input';
import { QueueStore, type QueueDeclaration, type QueueStats } from './sqs/store';

export interface QueueOptions {
  /** The folder that keeps the messages; without one they are gone when the queues are closed. */
  readonly path?: string;
  /** Milliseconds; default: the system's clock. */
  readonly now?: () => number;
  /** The region in the queues' ARNs; default: `local`. */
  readonly region?: string;
}

export interface Queues extends Listening {
  readonly url: string;
  readonly store: QueueStore;
  readonly queueUrl: (name: string) => string;
  readonly arnOf: (name: string) => string;
  /** Throws SqsError for an unknown queue, as the two below; returns the message's id. */
  readonly send: (name: string, body: string, delaySeconds?: number) => string;
  /** Counts the visible messages; does not change the queue. */
  readonly stats: (name: string) => QueueStats;
  /** While false, the response to every request is 503, as during an outage of SQS. */
  readonly setAvailable: (isAvailable: boolean) => void;
}

const TARGET = 'AmazonSQS.';
const CONTENT_TYPE = 'application/x-amz-json-1.0';
const ACCOUNT = '000000000000';
const MAX_REQUEST = 2 ** 20;

/**
 * SQS's JSON protocol on 127.0.0.1, for standard queues. The caller's AWS signature is not checked; message attributes
 * are refused.
 *
 * @throws Error when the messages of `path` cannot be read
 */
export async function startQueues(
  declared: readonly QueueDeclaration[],
  { path, now = Date.now, region = 'local' }: QueueOptions = {},
): Promise<Queues> {
  const store = new QueueStore(declared, path, now);
  const arnOf = (name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`;
  const closing = new AbortController();
  let isAvailable = true;
  let url = '';
  const actions = queueActions({ store, arnOf, queueUrl: (name) => queueUrlAt(url, name) });

  const listening = await listen(async (request, response) => {
    const body = await readBody(request, MAX_REQUEST);
    const denied = new SqsError('AccessDeniedException', 'The queues are for programs of this machine only');
    if (!isFromLocalProgram(request)) sendError(response, denied, 403);
    else if (!isAvailable) sendError(response, new SqsError('ServiceUnavailable', 'Service unavailable'), 503);
    else await runAction(actions, request, response, body, closing.signal);
  });
  url = `http://127.0.0.1:${listening.port}`;

  return {
    port: listening.port,
    url,
    store,
    arnOf,
    queueUrl: (name) => queueUrlAt(url, name),
    send: (name, body, delaySeconds) => store.send(name, body, delaySeconds),
    stats: (name) => store.stats(name),
    setAvailable: (value) => {
      isAvailable = value;
    },
    close: async () => {
      closing.abort();
      await listening.close();
      store.close();
    },
  };
}

async function runAction(
  actions: ReturnType<typeof queueActions>,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer | undefined,
  closing: AbortSignal,
): Promise<void> {
  const target = request.headers['x-amz-target'];
  const name = typeof target === 'string' && target.startsWith(TARGET) ? target.slice(TARGET.length) : '';
  const disconnected = new AbortController();
  response.on('close', () => {
    disconnected.abort();
  });
  try {
    const action = actions.get(name);
    if (!action) throw new SqsError('UnknownOperationException', `Available: ${[...actions.keys()].join(', ')}`);
    const output = await action(parseInput(body), AbortSignal.any([closing, disconnected.signal]));
    response.setHeader('x-amzn-requestid', randomUUID());
    sendJson(response, 200, output, CONTENT_TYPE);
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    sendError(response, error);
  }
}

/** The URL of a queue that is served at this endpoint. */
export function queueUrlAt(endpoint: string, name: string): string {
  return `${endpoint}/${ACCOUNT}/${name}`;
}

function sendError(response: ServerResponse, { code, queryCode, message }: SqsError, status = 400): void {
  response.setHeader('x-amzn-query-error', `${queryCode};Sender`);
  response.setHeader('x-amzn-requestid', randomUUID());
  sendJson(response, status, { __type: `com.amazonaws.sqs#${code}`, message }, CONTENT_TYPE);
}
