import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parse, verify } from '../../lib/signing/signature';
import { queuesOf, tableOf } from '../../local/config';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';
import { startQueues, type Queues } from '../../local/services/queue';
import { startTable, type Table } from '../../local/services/table';
import { newFileUpload } from '../../tests/helpers/events';
import { delivery, signRequest } from '../../tests/helpers/lambda';
import { startTestRun, type TestRun } from '../../tests/helpers/local';
import type { Template } from '../../tests/helpers/packaged';
import { fetchNode, MAJORS, type Major } from '../node-majors';

export interface PackageFolder {
  /** Has a `.serverless` folder with the zips. */
  readonly directory: string;
  readonly template: Template;
}

/** A function's zip, unpacked, and what the template declares for it. */
interface Unpacked {
  readonly folder: string;
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly milliseconds: number;
}

interface Declared {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, string | { readonly Ref: string }>> };
}

type Item = Readonly<Record<string, unknown>>;

/** What the unpacked functions call: an embedded table, a parameter store and queues of their own, and the VOD of a local run. */
interface Services {
  readonly local: TestRun;
  readonly store: ParameterStore;
  readonly table: Table;
  readonly queues: Queues;
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
  const local = await startTestRun({ schedules: false });
  const store = await startParameterStore([]);
  const table = await startTable({ port: 0 });
  const queues = await startQueues(queuesOf(local.config));
  const services: Services = { local, store, table, queues };
  try {
    await table.create(tableOf(local.config));
    const functions = await unpack(folders, scratch, python, services);
    const run = new PackageRun(functions, services);
    for (const { major, node } of nodes) await run.exercise(major, node);
    const skipped = nodes.flatMap((node) => node.skipped ?? []);
    return { ran: [...run.ran], skipped, problems: [...run.problems, ...(await differentRows(services))] };
  } finally {
    await Promise.all([local.stop(), store.close(), table.stop(), queues.close()]);
    await rm(scratch, { recursive: true });
  }
}

/** Unpacks the zips, and stores the parameters that their environments name. */
async function unpack(folders: readonly PackageFolder[], scratch: string, python: string, services: Services) {
  const { local, store, queues } = services;
  const { vodSecretId: secretId, vodSecretKey: secretKey, sealKey, callbackToken } = local.secrets;
  const secrets = {
    VOD_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    VOD_API_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    SEAL_KEY_PARAMETER: sealKey,
    CALLBACK_TOKEN_PARAMETER: callbackToken,
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
    const { fileId } = local.vod.put({ name: 'cat', type: 'mp4', size: 3, sourceContext });
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

interface Node {
  readonly major: string;
  readonly node: string;
  /** Why it is not Lambda's. */
  readonly skipped?: string;
}

/** Lambda's version, or the one that runs this if it cannot be fetched. */
async function findNode(major: Major): Promise<Node> {
  try {
    return { major: String(major), node: await fetchNode(major) };
  } catch (error) {
    const skipped = `${process.version} ran them INSTEAD OF ${major} (${String(error)})`;
    return { major: `${process.version} INSTEAD OF ${major}`, node: process.execPath, skipped };
  }
}

async function invoke(node: string, unpacked: Unpacked, { table, store, queues }: Services, event: object) {
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
  const [ended, log = '', errors = '', answer = ''] = await Promise.all([once(child, 'close'), ...outputs.map(text)]);
  const [code] = ended as [number | null];
  if (code !== 0) throw new Error(`Cannot call ${handler} on ${node}: ${log}${errors}`);
  return { answer: JSON.parse(answer) as unknown, log };
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
