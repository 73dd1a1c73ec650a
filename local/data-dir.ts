import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from './make-folder';
import { StartupError } from './startup-error';

/*
 * One data folder has one owner. Each process that wants it publishes a claim: a file in the folder, with a socket to which
 * the process listens as long as it lives. Only then does it look at the other claims. The system closes the socket of a
 * process that was killed, so its claim is known to be dead, whatever process has its id now; names of claims are never
 * used again, so a dead claim can be removed at any time. Of two processes that start at once, each sees the other or is
 * seen by it, and the one with the smaller name wins.
 */

const FOLDER = 'owner';
const NAME = /^[0-9a-f]{32}$/;
const OWNER = 'owner';
const STARTING = 'starting';
/** The bytes that the address of a socket may have: 104 on macOS, 108 on Linux, with a zero at the end. */
const MAX_SOCKET_PATH = 103;
/** In milliseconds. */
const RESPONSE_TIMEOUT = 2000;
const RIVAL_TIMEOUT = 10_000;

/** Contents of the file of a claim. */
interface Claim {
  readonly pid: number;
  /** Whether the socket is in the system's folder for temporary files, because the address in the data folder is too long. */
  readonly isElsewhere: boolean;
}

/**
 * Makes this process the owner of the data folder, which is created if it is missing. Touches nothing else in it.
 *
 * @param setting what chooses the folder, for the error messages
 * @returns a function that releases the folder; the end of the process releases it, too
 * @throws StartupError when another process is the owner, or the folder cannot be created or written
 */
export async function ownDataDir(dataDir: string, setting = 'DATA_DIR'): Promise<() => Promise<void>> {
  const folder = prepareFolder(dataDir, setting);
  const name = randomBytes(16).toString('hex');
  let state = STARTING;
  // Without a read of the other side's end the connection would stay open.
  const server = createServer((socket) => socket.on('error', () => undefined).end(state));
  const isElsewhere = await listenForRivals(server, folder, name, setting);
  const release = async () => {
    rmSync(join(folder, name), { force: true });
    await new Promise((resolve) => server.close(resolve)); // removes the socket's file
  };
  server.unref();
  try {
    publish(folder, name, { pid: process.pid, isElsewhere }, setting);
    await yieldToRivals(folder, name, dataDir, setting);
    state = OWNER;
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}

/** @throws StartupError */
function prepareFolder(dataDir: string, setting: string): string {
  try {
    makeFolder(dataDir);
    const folder = join(realpathSync(dataDir), FOLDER);
    makeFolder(folder);
    return folder;
  } catch (error) {
    throw new StartupError(`${setting} must be a folder that can be written: ${messageOf(error)}`);
  }
}

async function listenForRivals(server: Server, folder: string, name: string, setting: string): Promise<boolean> {
  for (const isElsewhere of [false, true]) {
    const address = socketOf(folder, name, isElsewhere);
    if (process.platform !== 'win32' && Buffer.byteLength(address) > MAX_SOCKET_PATH) continue;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return isElsewhere;
    } catch (error) {
      // Shared folders of virtual machines have no sockets.
      if (isElsewhere) throw new StartupError(`${setting} cannot be locked: ${messageOf(error)}`);
    }
  }
  throw new StartupError(`${setting} cannot be locked: the path of the folder for temporary files is too long`);
}

/** Renamed into place, so that others never see half a claim. */
function publish(folder: string, name: string, claim: Claim, setting: string): void {
  try {
    writeFileSync(join(folder, `${name}.new`), JSON.stringify(claim));
    renameSync(join(folder, `${name}.new`), join(folder, name));
  } catch (error) {
    throw new StartupError(`${setting} must be a folder that can be written: ${messageOf(error)}`);
  }
}

/** Resolves when no living process has another claim; removes the claims of dead ones. */
async function yieldToRivals(folder: string, name: string, dataDir: string, setting: string): Promise<void> {
  const deadline = Date.now() + RIVAL_TIMEOUT;
  for (const rival of readdirSync(folder).filter((entry) => NAME.test(entry) && entry !== name)) {
    for (;;) {
      const claim = readClaim(join(folder, rival));
      const state = claim && (await stateOf(socketOf(folder, rival, claim.isElsewhere)));
      if (!claim || state === 'dead') {
        remove(folder, rival, claim);
        break;
      }
      // A rival that starts at the same time, with a greater name, ends as soon as it sees this claim.
      const isWaitedFor = state === STARTING && rival > name && Date.now() < deadline;
      if (!isWaitedFor) throw inUse(dataDir, claim.pid, setting);
      await sleep(20);
    }
  }
}

function inUse(dataDir: string, pid: number, setting: string): StartupError {
  return new StartupError(
    `${setting} ${dataDir} is in use by process ${pid}: end it, or choose another folder with ${setting}`,
  );
}

/** Undefined for a claim that was given up meanwhile. */
function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim; // only `publish` writes these files
  } catch {
    return undefined;
  }
}

function remove(folder: string, name: string, claim: Claim | undefined): void {
  rmSync(join(folder, name), { force: true });
  if (claim && process.platform !== 'win32') rmSync(socketOf(folder, name, claim.isElsewhere), { force: true });
}

/** The state that the owner of a claim reports, `dead` if there is none, or '' if it does not respond in time. */
function stateOf(address: string): Promise<string> {
  return new Promise((resolve) => {
    let state = '';
    const socket = connect(address);
    const end = (result: string) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(RESPONSE_TIMEOUT, () => {
      end('');
    });
    socket.setEncoding('utf8').on('data', (text: string) => (state += text));
    socket.on('end', () => {
      end(state);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      end(code === 'ECONNREFUSED' || code === 'ENOENT' ? 'dead' : '');
    });
  });
}

/** Elsewhere, the name contains the folder's path: the claims in a copy of the folder are then dead. */
function socketOf(folder: string, name: string, isElsewhere: boolean): string {
  const unique = `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}-${name.slice(0, 16)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\vod-client-upload-${unique}`;
  return isElsewhere ? join(tmpdir(), `vcu-${unique}.sock`) : join(folder, `${name}.sock`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
