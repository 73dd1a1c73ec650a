import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parse, verify } from '../../../lib/signing/signature';
import { seal } from '../../../lib/vod/source-context';
import { queuesOf, tableOf } from '../../../local/config';
import { startParameterStore } from '../../../local/services/parameter-store';
import { startQueues } from '../../../local/services/queue';
import { startTable, type Table } from '../../../local/services/table';
import { startAppServer } from '../../support/app-server';
import { newFileUpload } from '../../support/events';
import { delivery, signRequest } from '../../support/lambda';
import { startTestRun } from '../../support/local';
import { apiClient } from '../../support/vod/vod-client';
import { MAJORS } from '../../support/node-majors';
import { findNode, invoke, type Unpacked } from './instance';
import { notificationProblems } from './notifications';
import { unpack, WITH_QUOTA, type PackageFolder, type Services } from './unpack';
import { uploadVideo, userRouteProblems, type HttpResponse } from './user-routes';

type Item = Readonly<Record<string, unknown>>;

const QUEUE = 'VerificationQueue';
/** More than the MAX_BYTES of the deploy. */
const TOO_LARGE = 2 ** 31;
/** How long the local run may take to verify a file, in milliseconds. */
const VERIFIED_TIMEOUT = 30_000;

/**
 * Runs the zips of a deploy, unpacked, on Lambda's versions of Node and with the environment of the template. Responses and
 * rows must be those of a local run, except for times, versions and random values.
 *
 * @param folders the first one that has a function counts
 * @returns what ran, where Lambda's Node was missing, and each difference
 */
export async function runPackages(folders: readonly PackageFolder[], python: string) {
  const nodes = await Promise.all(MAJORS.map(findNode));
  const scratch = await mkdtemp(join(tmpdir(), 'vod-client-upload-packages-'));
  const ends: (() => Promise<void>)[] = [() => rm(scratch, { recursive: true })];
  try {
    const services = await startServices(ends);
    const functions = await unpack(folders, scratch, python, services);
    const run = new PackageRun(functions, services);
    for (const { major, node } of nodes) await run.exercise(major, node);
    const skipped = nodes.flatMap((node) => node.skipped ?? []);
    const problems = [...run.problems, ...(await differentRows(services, run.rejected))];
    return { ran: [...run.ran], skipped, problems };
  } finally {
    await Promise.all(ends.reverse().map((end) => end()));
  }
}

/** Adds to `ends` a function that ends each service, also those that had started when another one fails. */
async function startServices(ends: (() => Promise<void>)[]): Promise<Services> {
  const [app, localApp] = await Promise.all([startAppServer(), startAppServer()]);
  ends.push(app.stop, localApp.stop);
  const local = await startTestRun({ features: { notifyUrl: localApp.url } });
  ends.push(local.stop);
  const store = await startParameterStore([]);
  ends.push(store.close);
  const table = await startTable({ port: 0 });
  ends.push(table.stop);
  await table.create(tableOf(local.config));
  const queues = await startQueues(queuesOf(local.config));
  ends.push(queues.close);
  return { local, store, table, queues, app };
}

class PackageRun {
  readonly ran = new Set<string>();
  readonly problems: string[] = [];
  /** Files that a limit rejects: the local run has no limits. */
  readonly rejected: string[] = [];

  constructor(
    private readonly functions: ReadonlyMap<string, Unpacked>,
    private readonly services: Services,
  ) {}

  /** Calls each function on one Node. */
  async exercise(major: string, node: string): Promise<void> {
    const { local } = this.services;
    const call = async (name: string, event: object) => (await this.#call(name, major, node, event)).response;
    const compare = async (name: string, event: object, comparable?: (response: unknown) => unknown) =>
      this.#compare(name, major, node, event, comparable);
    const note = (what: string, problems: readonly string[]) => {
      this.problems.push(...problems.map((problem) => `${what} on Node ${major}: ${problem}`));
    };
    const calls: Calls = { major, call, compare };
    const signature = await this.#sign(calls);
    const { fileId, deletedId } = await this.#verify(signature, calls);
    const { table, queues, app } = this.services;
    const secret = local.secrets.notifySecret;
    note('notifications', await notificationProblems(fileId, { table, queues, app, secret, call }));
    note('user routes', await userRouteProblems(fileId, deletedId, { vod: local.vod, call, compare }));
    this.#expect(`the deletion on Node ${major}`, await call('uploadChanged', await this.#images([deletedId])), {
      batchItemFailures: [],
    });
    await Promise.all([table, local.table].map((one) => rowWith(one, deletedId, 'deleted')));

    await compare('pullEvents', {}); // from an empty queue
    await compare('reconcile', {});
  }

  /** Returns a signature of the packaged function. */
  async #sign({ compare }: Calls): Promise<string> {
    const { vodSecretKey } = this.services.local.secrets;
    const request = signRequest({ sourceContext: 'order=7' });
    const timeless = (response: unknown) => withoutTime(response as HttpResponse, vodSecretKey);
    await compare('uploadSignature', request, timeless);
    await compare('uploadSignature', signRequest({ vodSubAppId: 1 }));
    return signatureOf((await compare(WITH_QUOTA, request, timeless)) as HttpResponse);
  }

  /** Uploads files, and verifies them as their events and the delay queue cause it. */
  async #verify(signature: string, { major, call, compare }: Calls) {
    const { local, queues } = this.services;
    const { sourceContext = '' } = parse(signature).parameters;
    const query = `token=${encodeURIComponent(local.secrets.callbackToken)}`;
    const unknownId = `387702301${this.ran.size}`;
    await compare('vodEvents', delivery(newFileUpload({ fileId: unknownId, sourceContext }), { query, base64: true }));
    await compare('vodEvents', delivery('{}', { query: 'token=wrong' }));

    // VOD posts its events to the local run itself, which verifies the files from its stream.
    // With all that VOD can know of them: no question stays open.
    const media = { name: 'cat', type: 'mp4', size: 3, duration: 2, width: 4, height: 3 };
    const fileId = await uploadVideo(local.vod, signature);
    const { fileId: deletedId } = local.vod.put({ ...media, sourceContext });
    const ofAnother = seal('', 'user-43', false, local.secrets.sealKey);
    const { fileId: rejectedId } = local.vod.put({ ...media, size: TOO_LARGE, sourceContext: ofAnother });
    this.rejected.push(rejectedId);
    for (const id of [fileId, deletedId]) {
      await call('vodEvents', delivery(newFileUpload({ fileId: id, sourceContext }), { query }));
    }
    await call('vodEvents', delivery(newFileUpload({ fileId: rejectedId, sourceContext: ofAnother }), { query }));

    const countMessages = () => queues.stats(QUEUE).visible + queues.stats(QUEUE).delayed;
    const messagesBefore = countMessages();
    const images = await this.#images([fileId, deletedId, rejectedId, unknownId]);
    this.#expect(`uploadChanged on Node ${major} (stream)`, await call('uploadChanged', images), NO_FAILURES);
    const messageCount = countMessages() - messagesBefore;
    this.#expect(`messages about the unknown and the rejected file on Node ${major}`, messageCount, 2);
    const { ForbidMediaDistribution: forbiddenBefore } = local.vod.calls;
    const messages = [queueMessage(fileId, 'no-response'), queueMessage(rejectedId, 'action')];
    const response = await call('uploadChanged', { Records: messages });
    this.#expect(`uploadChanged on Node ${major} (queue)`, response, NO_FAILURES);
    const { ForbidMediaDistribution: forbidden } = local.vod.calls;
    this.#expect(`calls that forbid a file on Node ${major}`, forbidden - forbiddenBefore, 1);
    await this.#checkRejected(rejectedId, major);
    await Promise.all([fileId, deletedId].map((id) => rowWith(local.table, id, 'ready')));
    return { fileId, deletedId };
  }

  /** The packages have rejected the file and forbidden it in VOD, where an operator allows it again. */
  async #checkRejected(fileId: string, major: string): Promise<void> {
    const { table, local } = this.services;
    const { status, rejection, _pendingAction: pending } = await rowWith(table, fileId, 'rejected');
    const { reason } = rejection as { readonly reason: string };
    const wanted = { status: 'rejected', reason: 'too-large', pending: undefined };
    this.#expect(`the rejected file on Node ${major}`, { status, reason, pending }, wanted);
    const { vodSecretId: secretId, vodSecretKey: secretKey } = local.secrets;
    const operator = apiClient(local.vod.port, { secretId, secretKey });
    // The local run has no limits, and would find the file forbidden.
    await operator.ForbidMediaDistribution({ FileIds: [fileId], Operation: 'recover' });
  }

  /** Calls a function here and in the local run, and notes a difference; returns the response of the package. */
  async #compare(
    name: string,
    major: string,
    node: string,
    event: object,
    comparable = (response: unknown) => response,
  ): Promise<unknown> {
    const { local } = this.services;
    const outcome = await local.functions.invoke(name === WITH_QUOTA ? 'uploadSignature' : name, event);
    if (outcome === 'failed') {
      throw new Error(`Cannot compare ${name}: it fails in the local run: ${local.lines.at(-1) ?? ''}`);
    }
    const wanted: unknown = JSON.parse(outcome.json);
    const { response, log } = await this.#call(name, major, node, event);
    if (isDeepStrictEqual(comparable(wanted), comparable(response))) return response;
    const both = `${JSON.stringify(response)}, and in the local run ${JSON.stringify(wanted)}`;
    this.problems.push(`${name} on Node ${major} returns ${both}. It logs ${log}`);
    return response;
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

/** Calls of the packaged functions on one Node. */
interface Calls {
  readonly major: string;
  readonly call: (name: string, event: object) => Promise<unknown>;
  readonly compare: (name: string, event: object, comparable?: (response: unknown) => unknown) => Promise<unknown>;
}

/** A message of the delay queue about a row that an event and one verification have written. */
function queueMessage(fileId: string, question: string): object {
  const message = { fileId, version: 2, attempt: 0, since: Date.now(), question };
  return { messageId: fileId, body: JSON.stringify(message) };
}

/** Differences between the rows that the packages wrote and those of the local run. */
async function differentRows({ table, local }: Services, rejected: readonly string[]): Promise<string[]> {
  const comparable = (rows: readonly Item[]) =>
    rows
      .filter(({ fileId }) => !rejected.includes(String(fileId)))
      .map(withoutTimes)
      .sort(byFile);
  const rows = comparable(await table.rows());
  const wanted = comparable(await local.table.rows());
  const areOfCaller = wanted.every((row) => row['uploader'] === 'user-42' && row['sourceContext'] === 'order=7');
  const countOf = (status: string) =>
    wanted.filter((row) => row['trust'] === 'confirmed' && row['status'] === status).length;
  const isComplete =
    wanted.length === 3 * MAJORS.length && ['ready', 'deleted'].every((status) => countOf(status) === MAJORS.length);
  if (isComplete && areOfCaller && isDeepStrictEqual(rows, wanted)) return [];
  return [`The packages wrote ${JSON.stringify(rows)}, and the local run ${JSON.stringify(wanted)}`];
}

/** The row, as soon as it is confirmed with this status. */
async function rowWith(table: Table, fileId: string, status: string): Promise<Item> {
  for (const deadline = Date.now() + VERIFIED_TIMEOUT; ;) {
    const row = (await table.rows()).find((one) => one['fileId'] === fileId);
    if (row?.['trust'] === 'confirmed' && row['status'] === status) return row;
    if (Date.now() > deadline) throw new Error(`Cannot compare rows: the file ${fileId} is not confirmed as ${status}`);
    await sleep(100);
  }
}

const signatureOf = ({ body = '' }: HttpResponse) => (JSON.parse(body) as { signature: string }).signature;

/** A signature response without what differs from call to call, and whether VOD would accept the signature. */
function withoutTime(response: HttpResponse, secretKey: string): object {
  const signature = signatureOf(response);
  const { expireTime, currentTimeStamp, random, ...parameters } = parse(signature).parameters;
  const { expireTime: returned, ...body } = JSON.parse(response.body ?? '') as Record<string, unknown>;
  return {
    ...response,
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
