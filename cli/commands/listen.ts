import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWebhookSecret } from '../../lib/notifications/signature';
import { describe } from '../../lib/platform/log';
import { displayUrl } from '../callback/url';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import { UsageError } from '../command-line/usage-error';
import type { Deployment } from '../deployment/deployment';
import { findDeployment } from '../deployment/find-deployment';
import { useProxyExceptLoopback } from '../network/proxy';
import { secretsOf } from '../deployment/secrets';
import { fingerprint } from '../deployment/state';
import { Forwarder } from '../listen/forwarder';
import { StreamError } from '../listen/stream-error';
import { findStream, StreamReader, type StreamRecord } from '../listen/stream-reader';
import { webhookOf } from '../listen/webhook';

/** Pause between two reads of the stream, and the longest one while it cannot be read, in milliseconds. */
const POLL_EVERY = 1_000;
const MAX_PAUSE = 30_000;
/** With more readers of one stream DynamoDB throttles them. */
const MAX_STREAM_READERS = 2;

export const listen = defineCommand({
  name: 'listen',
  summary: "forward a deployment's webhooks to your machine, without a tunnel",
  description: `
    Reads the stream of the deployment's table, from now on, and posts the webhooks about its changes to a server on your
    machine: the same bodies, ids and signatures that the deployment sends to NOTIFY_URL, which still receives its own.
    Prints time, type, file id, status and duration of each delivery. A webhook that the server does not accept is retried
    until it does, in order for each file. Ctrl-C ends the command; webhooks that are pending then are not delivered.`,
  options: {
    'forward-to': {
      value: 'url',
      isRequired: true,
      description: 'your server, http or https, for example http://localhost:4000/hook',
    },
    secret: {
      value: 'secret',
      description: `signs the webhooks: whsec_ and 24 to 64 bytes in Base64. Default: the deployment's secret; if NOTIFY_URL is
        empty, one that is generated for this session and printed`,
    },
  },

  run: async ({ options }, context) => {
    const url = parseForwardUrl(options['forward-to']);
    const givenSecret = parseSecretOption(options.secret);
    const deployment = await findDeployment(options, context);
    await useProxyExceptLoopback();
    const { secrets, source } = await secretsFor(deployment, givenSecret);
    const { tableName } = await deployment.outputs();
    const streamArn = await findStream(deployment.streams, tableName);
    await warnOfReaders(deployment, streamArn, context);

    const interruption = context.takeOverInterruptions();
    const session = new AbortController();
    const signal = AbortSignal.any([interruption, session.signal]);
    setMaxListeners(0, signal); // each retry adds a listener
    const forwarder = new Forwarder({ ...context, url, secrets, signal });
    const reader = new StreamReader({
      client: deployment.streams,
      streamArn,
      receive: (record) => {
        forward(record, forwarder, context);
      },
      report: context.err,
      now: context.now,
      signal,
    });
    try {
      await reader.start();
      context.out(`stream    of ${tableName}, from now on`);
      context.out(`webhooks  to ${displayUrl(url)}, secret ${source}`);
      context.out('ready     Ctrl-C ends it');
      await follow(reader, forwarder, signal, context);
    } catch (error) {
      // An interruption fails the calls in progress.
      if (!interruption.aborted) throw error;
    } finally {
      session.abort();
      const { pending } = forwarder;
      if (pending > 0) context.err(`${pending === 1 ? '1 webhook was' : `${pending} webhooks were`} not delivered`);
    }
    return 0;
  },
});

/** @throws UsageError */
function parseForwardUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value)) {
    const example = 'for example http://localhost:4000/hook';
    throw new UsageError(`--forward-to must be a URL with http:// or https://, ${example}`);
  }
  const { username, password } = new URL(value);
  if (username !== '' || password !== '') throw new UsageError('--forward-to must not contain a user or password');
  return value;
}

/** @throws UsageError, which never contains the value */
function parseSecretOption(value: string | undefined): string | undefined {
  if (value === undefined || isWebhookSecret(value)) return value;
  throw new UsageError('--secret must be whsec_ and 24 to 64 bytes in Base64');
}

interface WebhookSecrets {
  /** All of them sign. */
  readonly secrets: readonly string[];
  /** Where they come from, with their fingerprints; a secret of this session alone is shown in full. */
  readonly source: string;
}

/** @throws Error when the deployment's secret is missing or malformed */
async function secretsFor(deployment: Deployment, secretOption: string | undefined): Promise<WebhookSecrets> {
  if (secretOption !== undefined)
    return { secrets: [secretOption], source: `${fingerprint(secretOption)} of --secret` };
  const { notifySecret: name } = deployment.parameters;
  if (name === undefined) {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    return { secrets: [secret], source: secret };
  }
  const instead = `run \`npm run vod -- secrets create ${deployment.options}\`, or give one with --secret`;
  const { parseSecretVersions, has } = await secretsOf(deployment);
  if (!has(name)) throw new Error(`Cannot sign webhooks: the SSM parameter ${name} is missing or empty: ${instead}`);
  const secrets = parseSecretVersions(name);
  if (!secrets.every(isWebhookSecret)) {
    const rule = 'must contain whsec_ and 24 to 64 bytes in Base64';
    throw new Error(`Cannot sign webhooks: the SSM parameter ${name} ${rule}: correct it, or give one with --secret`);
  }
  return { secrets, source: `${secrets.map(fingerprint).join(' and ')} of ${name}` };
}

/** Warns if this command is one reader too many, or if that cannot be checked. */
async function warnOfReaders({ streamReaders }: Deployment, streamArn: string, { err }: CommandContext): Promise<void> {
  try {
    const readers = (await streamReaders?.(streamArn)) ?? [];
    if (readers.length < MAX_STREAM_READERS) return;
    err(
      `The stream already has ${readers.length} consumers: ${readers.join(', ')}. This command is one more, and DynamoDB throttles more than ${MAX_STREAM_READERS}: uploads may be verified later while it runs`,
    );
  } catch (error) {
    err(`Cannot check whether the stream has a second consumer beside the service: ${describe(error).reason}`);
  }
}

/** A row that cannot be read does not affect the others. */
function forward(record: StreamRecord, forwarder: Forwarder, { err }: CommandContext): void {
  try {
    const webhook = webhookOf(record);
    if (webhook) forwarder.add(webhook);
  } catch (error) {
    const fileId = record.dynamodb?.Keys?.['fileId']?.S ?? '';
    err(`The row of ${fileId} cannot be read, no webhook is sent: ${describe(error).reason}`);
  }
}

/** Reads until the signal is aborted. @throws Error if a retry cannot help */
async function follow(
  reader: StreamReader,
  forwarder: Forwarder,
  signal: AbortSignal,
  { err }: CommandContext,
): Promise<void> {
  const isEnded = () => signal.aborted;
  let failures = 0;
  while (!isEnded()) {
    try {
      if (forwarder.hasRoom()) await reader.poll();
      if (failures > 0) err('The stream can be read again');
      failures = 0;
    } catch (error) {
      if (isEnded() || !(error instanceof StreamError && error.isTransient)) throw error;
      if (failures === 0) err(`The stream cannot be read (${error.code}): retrying`);
      failures += 1;
    }
    const pause = Math.min(POLL_EVERY * 2 ** failures, MAX_PAUSE);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}
