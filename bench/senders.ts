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

/** `npm start` in a process of its own, on a table in a file. */
export async function startStack(major: Major) {
  const directory = await mkdtemp(join(tmpdir(), 'vod-client-upload-bench-'));
  const tablePort = await freePort();
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
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2_000)));
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('callback')) url = line.replace(/^callback\s+/, '');
    if (line.startsWith('ready')) break;
  }
  if (url === '') throw new Error(`Cannot start the stack: ${said}`);
  child.stdout.resume();

  let sent = 0;
  const accepted = { count: 0 };

  /** One event on one of the senders' connections; milliseconds, or nothing when it was not recorded. */
  const send = (agent: Agent): Promise<number | undefined> =>
    new Promise((resolve) => {
      const fileId = `5285890${String(sent++).padStart(12, '0')}`;
      const body = JSON.stringify(newFileUpload({ fileId, sourceContext: seal('order=7', CALLER, false, SEAL_KEY) }));
      const since = performance.now();
      const call = request(
        url,
        { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (answer) => {
          answer.resume().on('end', () => {
            if (answer.statusCode !== 200) {
              resolve(undefined);
              return;
            }
            accepted.count++;
            resolve(performance.now() - since);
          });
        },
      );
      call.on('error', () => {
        resolve(undefined);
      });
      call.end(body);
    });

  return {
    accepted,
    /** So many senders, each of which sends its next event when the last one is answered. */
    closedLoop: async (senders: number, events: number): Promise<Load> => {
      const agent = new Agent({ keepAlive: true, maxSockets: senders });
      const times: (number | undefined)[] = [];
      let left = events;
      const since = performance.now();
      const work = async () => {
        while (left-- > 0) times.push(await send(agent));
      };
      await Promise.all(Array.from({ length: senders }, work));
      const seconds = (performance.now() - since) / 1000;
      agent.destroy();
      return summary(senders, times, seconds);
    },
    /**
     * An event every so often, each at its own time, whether or not the others are answered. Times count from when the
     * event was due, so that a sender that is late hides nothing; `late` is the p99 of that.
     */
    openLoop: async (rate: number, seconds: number): Promise<Load & { readonly late: number }> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
      const sends: Promise<number | undefined>[] = [];
      const lates: number[] = [];
      const since = performance.now();
      while (sends.length < seconds * rate) {
        const due = since + (sends.length * 1000) / rate;
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        const late = performance.now() - due;
        lates.push(late);
        sends.push(send(agent).then((time) => time && time + late));
      }
      const times = await Promise.all(sends);
      const took = (performance.now() - since) / 1000;
      agent.destroy();
      return {
        ...summary(0, times, took),
        late: quantile(
          lates.toSorted((a, b) => a - b),
          0.99,
        ),
      };
    },
    rows: () => countRows(tablePort),
    /** Megabytes: of the process that runs the functions, and of its table's engine. */
    memory: async () => {
      const children = await childrenOf(child.pid ?? 0);
      const engine = await Promise.all(children.map(megabytesOf));
      return { functions: await megabytesOf(child.pid ?? 0), table: engine.reduce((sum, of) => sum + of, 0) };
    },
    /** Milliseconds of CPU so far: of the process that runs the functions, of its table's engine, of the senders. */
    cpu: async () => {
      const pid = child.pid ?? 0;
      const engine = await Promise.all((await childrenOf(pid)).map(cpuOf));
      const { user, system } = process.cpuUsage();
      const table = engine.reduce((sum, of) => sum + of, 0);
      return { functions: await cpuOf(pid), table, senders: (user + system) / 1000 };
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function summary(senders: number, times: readonly (number | undefined)[], seconds: number): Load {
  const answered = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  return {
    senders,
    events: times.length,
    errors: times.length - answered.length,
    rate: answered.length / seconds,
    p50: quantile(answered, 0.5),
    p99: quantile(answered, 0.99),
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
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    if (Number(stat.replace(/^.*\) \S /s, '').split(' ')[0]) === pid) found.push(Number(entry));
  }
  return found;
}

/** Milliseconds, from the kernel's ticks of 10. */
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
