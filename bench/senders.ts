import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { seal } from '../lib/vod/source-context';
import { TABLE_NAME } from '../tests/support/backend';
import { newFileUpload } from '../tests/support/events';
import { nodeOf, type Major } from '../tests/support/node-majors';
import { ROOT } from './machine';
import { quantile } from './statistics';
import { CALLER, SEAL_KEY, TOKEN } from './values';

export interface Load {
  readonly senders: number;
  readonly events: number;
  readonly errors: number;
  /** Events a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export type Stack = Awaited<ReturnType<typeof startStack>>;

/** `npm start` in a process of its own, on a table in a file. */
export async function startStack(major: Major) {
  const directory = await mkdtemp(join(tmpdir(), 'vod-client-upload-bench-'));
  const tablePort = await freePort();
  const { child, callbackUrl } = await spawnLocalRun(major, directory, tablePort);
  const pid = child.pid ?? 0;
  const sender = eventSender(callbackUrl);
  const sumOfChildren = async (value: (pid: number) => Promise<number>) => {
    const values = await Promise.all((await childrenOf(pid)).map(value));
    return values.reduce((sum, one) => sum + one, 0);
  };
  return {
    /** Events whose response was 200. */
    acceptedCount: sender.acceptedCount,
    sendInTurn: (senders: number, events: number) => sendInTurn(sender.send, senders, events),
    sendAtRate: (rate: number, seconds: number) => sendAtRate(sender.send, rate, seconds),
    countRows: () => countRows(tablePort),
    /** Megabytes: of the local run with its functions, and of its table's engine. */
    memory: async () => ({ run: await megabytesOf(pid), engine: await sumOfChildren(megabytesOf) }),
    /** Milliseconds of CPU so far: of the local run with its functions, of its table's engine, of the senders. */
    cpu: async () => {
      const { user, system } = process.cpuUsage();
      return { run: await cpuOf(pid), engine: await sumOfChildren(cpuOf), senders: (user + system) / 1000 };
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function spawnLocalRun(major: Major, directory: string, tablePort: number) {
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    VOD_PORT: '0',
    TABLE_PORT: String(tablePort),
    DATA_DIR: directory,
    VOD_CALLBACK_TOKEN: TOKEN,
  };
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const child = spawn(nodeOf(major), ['--import', tsx, 'local/start.ts'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-2_000)));
  let callbackUrl = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('callback')) callbackUrl = line.replace(/^callback\s+/, '');
    if (line.startsWith('ready')) break;
  }
  if (callbackUrl === '') throw new Error(`Cannot start the local run: ${errors}`);
  child.stdout.resume();
  return { child, callbackUrl };
}

/** Sends one event; resolves to its milliseconds, or to `undefined` unless the response was 200. */
type Send = (agent: Agent) => Promise<number | undefined>;

function eventSender(callbackUrl: string): { readonly send: Send; readonly acceptedCount: () => number } {
  let sentCount = 0;
  let acceptedCount = 0;
  const headers = { 'content-type': 'application/json' };
  const send: Send = (agent) =>
    new Promise((resolve) => {
      const fileId = `5285890${String(sentCount++).padStart(12, '0')}`;
      const body = JSON.stringify(newFileUpload({ fileId, sourceContext: seal('order=7', CALLER, false, SEAL_KEY) }));
      const start = performance.now();
      const call = request(callbackUrl, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', () => {
          const isAccepted = response.statusCode === 200;
          if (isAccepted) acceptedCount++;
          resolve(isAccepted ? performance.now() - start : undefined);
        });
      });
      call.on('error', () => {
        resolve(undefined);
      });
      call.end(body);
    });
  return { send, acceptedCount: () => acceptedCount };
}

/** Runs a number of senders; each sends its next event after the response to the last one. */
async function sendInTurn(send: Send, senders: number, events: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const times: (number | undefined)[] = [];
  let remaining = events;
  const began = performance.now();
  const sendRest = async () => {
    while (remaining-- > 0) times.push(await send(agent));
  };
  await Promise.all(Array.from({ length: senders }, sendRest));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  return loadOf(senders, times, seconds);
}

/**
 * Sends events evenly spaced, each at its own time, whether or not the others have their response. Times count from when the
 * event was due, so that a late sender hides nothing; `lateness` is the p99 of that, in milliseconds.
 */
async function sendAtRate(send: Send, rate: number, seconds: number): Promise<Load & { readonly lateness: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
  const sends: Promise<number | undefined>[] = [];
  const latenesses: number[] = [];
  const began = performance.now();
  while (sends.length < seconds * rate) {
    const due = began + (sends.length * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    const lateness = performance.now() - due;
    latenesses.push(lateness);
    sends.push(send(agent).then((time) => time && time + lateness));
  }
  const times = await Promise.all(sends);
  const elapsed = (performance.now() - began) / 1000;
  agent.destroy();
  const sorted = latenesses.toSorted((a, b) => a - b);
  return { ...loadOf(0, times, elapsed), lateness: quantile(sorted, 0.99) };
}

function loadOf(senders: number, times: readonly (number | undefined)[], seconds: number): Load {
  const sorted = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  return {
    senders,
    events: times.length,
    errors: times.length - sorted.length,
    rate: sorted.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

async function countRows(port: number): Promise<number> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region: 'local', credentials });
  let rows = 0;
  let from: Record<string, never> | undefined;
  do {
    const page = { TableName: TABLE_NAME, Select: 'COUNT' as const, ...(from && { ExclusiveStartKey: from }) };
    const { Count: count = 0, LastEvaluatedKey: last } = await client.send(new ScanCommand(page));
    rows += count;
    from = last as typeof from;
  } while (from);
  client.destroy();
  return rows;
}

async function childrenOf(pid: number): Promise<number[]> {
  const matches: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    if (Number(stat.replace(/^.*\) \S /s, '').split(' ')[0]) === pid) matches.push(Number(entry));
  }
  return matches;
}

/** Milliseconds of CPU, from the kernel's ticks of 10. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.replace(/^.*\) /s, '').split(' ');
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
}

async function megabytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
