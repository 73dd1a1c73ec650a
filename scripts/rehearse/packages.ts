import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parse, verify } from '../../lib/signing/signature';
import { queuesOf, tableOf } from '../../local/config';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';
import { startQueues, type Queues } from '../../local/services/queue';
import { startTable, type Table } from '../../local/services/table';
import { startAppServer, type AppServer } from '../../tests/helpers/app-server';
import { newFileUpload } from '../../tests/helpers/events';
import { delivery, signRequest } from '../../tests/helpers/lambda';
import { startTestRun, type TestRun } from '../../tests/helpers/local';
import type { Template } from '../../tests/helpers/packaged';
import { MAJORS } from '../node-majors';
import { findNode, invoke, type Unpacked } from './instance';
import { notificationProblems } from './notifications';

export interface PackageFolder {
  /** Has a `.serverless` folder with the zips. */
  readonly directory: string;
  readonly template: Template;
}

interface Declared {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, string | { readonly Ref: string }>> };
}

type Item = Readonly<Record<string, unknown>>;

/** What the unpacked functions call: a table, a parameter store, queues and an app of their own, and the VOD of a local run. */
interface Services {
  readonly local: TestRun;
  readonly store: ParameterStore;
  readonly table: Table;
  readonly queues: Queues;
  readonly app: AppServer;
}

const QUEUE = 'VerificationQueue';
/** How long the local run may take to verify a file, in milliseconds. */
const VERIFIED_WITHIN = 30_000;

/**
 * Runs the zips of a deploy, unpacked, on Lambda's versions of Node and with the environment of the template. Answers and
 * rows must be those of a local run, except for times, versions and random values.
 *
 * @param folders the first one that has a function counts
 * @returns what ran, where Lambda's Node was missing, and each difference
 */
export async function runPackages(folders: readonly PackageFolder[], python: string) {
  const nodes = await Promise.all(MAJORS.map(findNode));
  const scratch = await mkdtemp(join(tmpdir(), 'vod-client-upload-packages-'));
  const [app, localApp] = await Promise.all([startAppServer(), startAppServer()]);
  const local = await startTestRun({ notifyUrl: localApp.url });
  const store = await startParameterStore([]);
  const table = await startTable({ port: 0 });
  const queues = await startQueues(queuesOf(local.config));
  const services: Services = { local, store, table, queues, app };
  try {
    await table.create(tableOf(local.config));
    const functions = await unpack(folders, scratch, python, services);
    const run = new PackageRun(functions, services);
    for (const { major, node } of nodes) await run.exercise(major, node);
    const skipped = nodes.flatMap((node) => node.skipped ?? []);
    return { ran: [...run.ran], skipped, problems: [...run.problems, ...(await differentRows(services))] };
  } finally {
    await Promise.all([local.stop(), store.close(), table.stop(), queues.close(), app.stop(), localApp.stop()]);
    await rm(scratch, { recursive: true });
  }
}

/** Unpacks the zips, and stores the parameters that their environments name. */
async function unpack(folders: readonly PackageFolder[], scratch: string, python: string, services: Services) {
  const { local, store, queues, app } = services;
  const { vodSecretId: secretId, vodSecretKey: secretKey, sealKey, callbackToken, notifySecret } = local.secrets;
  const secrets = {
    VOD_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    VOD_API_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    SEAL_KEY_PARAMETER: sealKey,
    CALLBACK_TOKEN_PARAMETER: callbackToken,
    NOTIFY_SECRET_PARAMETER: notifySecret,
  };
  const tableName = tableOf(local.config).TableName ?? '';
  const functions = new Map<string, Unpacked>();
  for (const { directory, template } of folders) {
    for (const { Type: type, Properties: properties } of Object.values(template.Resources)) {
      if (type === 'AWS::SSM::Parameter') store.parameters.set(String(properties['Name']), String(properties['Value']));
      if (type !== 'AWS::Lambda::Function') continue;
      const declared = properties as unknown as Declared;
      const name = declared.FunctionName.replace(/.*-/, '');
      if (functions.has(name)) continue;
      const folder = join(scratch, name);
      await promisify(execFile)(python, ['-m', 'zipfile', '-e', join(directory, `.serverless/${name}.zip`), folder]);
      const env: Record<string, string> = {};
      for (const [variable, value] of Object.entries(declared.Environment.Variables)) {
        env[variable] = typeof value === 'string' ? value : queues.queueUrl(value.Ref);
      }
      for (const [variable, value] of Object.entries(secrets)) {
        if (env[variable]) store.parameters.set(env[variable], value);
      }
      if (env['VOD_API_URL']) env['VOD_API_URL'] = local.vod.url;
      if (env['NOTIFY_URL']) env['NOTIFY_URL'] = app.url;
      if (env['TABLE_NAME']) env['TABLE_NAME'] = tableName;
      functions.set(name, { folder, handler: declared.Handler, env, milliseconds: declared.Timeout * 1000 });
    }
  }
  return functions;
}

class PackageRun {
  readonly ran = new Set<string>();
  readonly problems: string[] = [];

  constructor(
    private readonly functions: ReadonlyMap<string, Unpacked>,
    private readonly services: Services,
  ) {}

  /** Calls each function on one Node. */
  async exercise(major: string, node: string): Promise<void> {
    const { local, queues } = this.services;
    const { callbackToken, vodSecretKey } = local.secrets;
    const call = async (name: string, event: object) => (await this.#call(name, major, node, event)).answer;
    const compare = async (name: string, event: object, comparable?: (answer: unknown) => unknown) =>
      this.#compare(name, major, node, event, comparable);

    const timeless = (answer: unknown) => withoutTime(answer as Answer, vodSecretKey);
    const signed = await compare('uploadSignature', signRequest({ sourceContext: 'order=7' }), timeless);
    await compare('uploadSignature', signRequest({ vodSubAppId: 1 }));
    const { sourceContext = '' } = parse(signatureOf(signed as Answer)).parameters;

    const query = `token=${encodeURIComponent(callbackToken)}`;
    const unknownId = `387702301${this.ran.size}`;
    const event = newFileUpload({ fileId: unknownId, sourceContext });
    await compare('vodEvents', delivery(event, { query, base64: true }));
    await compare('vodEvents', delivery(event, { query: 'token=wrong' }));

    // VOD posts its event to the local run itself, which verifies the file from its stream.
    // With all that VOD can know of it: nothing is left to ask.
    const media = { name: 'cat', type: 'mp4', size: 3, duration: 2, width: 4, height: 3 };
    const { fileId } = local.vod.put({ ...media, sourceContext });
    await call('vodEvents', delivery(newFileUpload({ fileId, sourceContext }), { query }));
    const countMessages = () => queues.stats(QUEUE).visible + queues.stats(QUEUE).delayed;
    const messagesBefore = countMessages();
    const images = await this.#images([fileId, unknownId]);
    this.#expect(`uploadChanged on Node ${major} (stream)`, await call('uploadChanged', images), NO_FAILURES);
    this.#expect(`messages about the unknown file on Node ${major}`, countMessages() - messagesBefore, 1);
    const message = { fileId, version: 2, attempt: 0, since: Date.now(), question: 'no-answer' };
    const messages = { Records: [{ messageId: 'm1', body: JSON.stringify(message) }] };
    this.#expect(`uploadChanged on Node ${major} (queue)`, await call('uploadChanged', messages), NO_FAILURES);
    await verifiedRow(local.table, fileId);
    const told = { ...this.services, secret: local.secrets.notifySecret, call };
    const problems = await notificationProblems(fileId, told);
    this.problems.push(...problems.map((problem) => `notifications on Node ${major}: ${problem}`));

    await compare('pullEvents', {}); // from an empty queue
    await compare('reconcile', {});
  }

  /** Calls a function here and in the local run; returns the local run's answer. */
  async #compare(
    name: string,
    major: string,
    node: string,
    event: object,
    comparable = (answer: unknown) => answer,
  ): Promise<unknown> {
    const { local } = this.services;
    const outcome = await local.functions.invoke(name, event);
    if (outcome === 'failed') {
      throw new Error(`Cannot compare ${name}: it fails in the local run: ${local.lines.at(-1) ?? ''}`);
    }
    const wanted: unknown = JSON.parse(outcome.json);
    const { answer, log } = await this.#call(name, major, node, event);
    if (isDeepStrictEqual(comparable(wanted), comparable(answer))) return wanted;
    const both = `answers ${JSON.stringify(answer)}, and in the local run ${JSON.stringify(wanted)}`;
    this.problems.push(`${name} on Node ${major} ${both}. It logs ${log}`);
    return wanted;
  }

  #call(name: string, major: string, node: string, event: object) {
    const unpacked = this.functions.get(name);
    if (!unpacked) throw new Error(`Cannot run ${name}: there is no zip of it`);
    this.ran.add(`${name} on ${major}`);
    return invoke(node, unpacked, this.services, event);
  }

  /** A batch of the table's stream with the rows of these files as they are now. */
  async #images(fileIds: readonly string[]): Promise<object> {
    const rows = await this.services.table.rows();
    const images = rows.filter((row) => fileIds.includes(String(row['fileId']))).map((row) => marshall(row));
    return { Records: images.map((NewImage, index) => ({ dynamodb: { NewImage, SequenceNumber: String(index) } })) };
  }

  #expect(what: string, found: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(found, wanted)) return;
    this.problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
}

const NO_FAILURES = { batchItemFailures: [] };

/** Differences between the rows that the packages wrote and those of the local run. */
async function differentRows({ table, local }: Services): Promise<string[]> {
  const rows = (await table.rows()).map(withoutTimes).sort(byFile);
  const wanted = (await local.table.rows()).map(withoutTimes).sort(byFile);
  const areOfCaller = wanted.every((row) => row['uploader'] === 'user-42' && row['sourceContext'] === 'order=7');
  const confirmed = wanted.filter((row) => row['trust'] === 'confirmed' && row['status'] === 'ready');
  const isComplete = wanted.length === 2 * MAJORS.length && confirmed.length === MAJORS.length;
  if (isComplete && areOfCaller && isDeepStrictEqual(rows, wanted)) return [];
  return [`The packages wrote ${JSON.stringify(rows)}, and the local run ${JSON.stringify(wanted)}`];
}

async function verifiedRow(table: Table, fileId: string): Promise<void> {
  for (const deadline = Date.now() + VERIFIED_WITHIN; ;) {
    const rows = await table.rows();
    if (rows.some((row) => row['fileId'] === fileId && row['trust'] === 'confirmed')) return;
    if (Date.now() > deadline) throw new Error(`Cannot compare rows: the local run does not verify the file ${fileId}`);
    await sleep(100);
  }
}

interface Answer {
  readonly body: string;
}

const signatureOf = ({ body }: Answer) => (JSON.parse(body) as { signature: string }).signature;

/** A signature answer without what differs from call to call, and whether VOD would accept the signature. */
function withoutTime(answer: Answer, secretKey: string): object {
  const signature = signatureOf(answer);
  const { expireTime, currentTimeStamp, random, ...parameters } = parse(signature).parameters;
  const { expireTime: returned, ...body } = JSON.parse(answer.body) as Record<string, unknown>;
  return {
    ...answer,
    body: { ...body, signature: verify(signature, secretKey) },
    parameters,
    validFor: Number(expireTime) - Number(currentTimeStamp),
    isRandom: /^\d+$/.test(random ?? ''),
    returnsExpireTime: String(returned) === expireTime,
  };
}

/** The local run gets VOD's own event, whose delivery may come before or after the verification. */
function withoutTimes({ firstSeenAt, updatedAt, confirmedAt, version, ...row }: Item): Item {
  return row;
}

function byFile(a: Item, b: Item): number {
  return String(a['fileId']).localeCompare(String(b['fileId']));
}
