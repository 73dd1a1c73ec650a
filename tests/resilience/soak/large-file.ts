import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get } from 'node:http';
import { apply, complete, initiate, md5, putPart, ugc } from '../../support/vod/vod-client';
import { npmStart } from './npm-start';

// Uploads a file that is larger than the memory that the local run may take, as a browser does: parts of 8 MiB, six at
// a time. `npm run soak` runs it; it needs room for the file twice.

const MIB = 2 ** 20;
const PART = 8 * MIB;
const PARTS = Number(process.env['SOAK_MIB'] ?? 2048) / 8;
const AT_ONCE = 6;
const LIMIT = 286; // 300 MB

const pattern = randomBytes(PART);

/** Each part is another one, and none is kept. */
function part(number: number): Buffer {
  const bytes = Buffer.from(pattern);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** Resident memory in MiB, now and at its highest, as the kernel counts it. */
function memory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024);
  return { now: mib('VmRSS'), peak: mib('VmHWM') };
}

async function requestSignature(url: string): Promise<string> {
  const token = await fetch(`${url}/local/token`, { method: 'POST', body: '{"sub": "soak"}' });
  const authorization = `Bearer ${((await token.json()) as { token: string }).token}`;
  const signed = await fetch(`${url}/upload-signature`, { method: 'POST', headers: { authorization } });
  return ((await signed.json()) as { signature: string }).signature;
}

function download(url: string): Promise<{ size: number; hash: string }> {
  return new Promise((done, failed) => {
    get(url, (response) => {
      const hash = createHash('sha1');
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        hash.update(chunk);
      });
      response.on('error', failed);
      response.on('end', () => {
        done({ size, hash: hash.digest('hex') });
      });
    }).on('error', failed);
  });
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') {
    console.log('Skipped: memory is read from /proc, which is there on Linux only.');
    return;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-soak-'));
  const { pid, url, vodPort, stop } = await npmStart(dataDir);
  try {
    const size = PARTS * PART;
    console.log(`started: ${memory(pid).now} MiB`);
    const signature = await requestSignature(url);
    const applied = await apply(vodPort, signature, { videoName: 'large', videoType: 'mp4', videoSize: size });
    const uploadId = await initiate(vodPort, applied);

    const began = performance.now();
    const etags: string[] = [];
    let next = 1;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let number = next++; number <= PARTS; number = next++) {
          const bytes = part(number);
          const { status } = await putPart(vodPort, applied, uploadId, number, bytes);
          if (status !== 200) throw new Error(`Part ${number} was refused with ${status}`);
          etags[number - 1] = md5(bytes);
        }
      }),
    );
    console.log(`${PARTS} parts: ${seconds(began)} s, ${memory(pid).now} MiB, at most ${memory(pid).peak}`);

    const joined = performance.now();
    const { status, text } = await complete(vodPort, applied, uploadId, etags);
    if (status !== 200) throw new Error(`Complete was refused with ${status} ${text}`);
    const { code, message, data } = await ugc(vodPort, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
    if (code !== 0) throw new Error(`Commit returned ${code} ${message}`);
    console.log(`joined: ${seconds(joined)} s, ${memory(pid).now} MiB, at most ${memory(pid).peak}`);

    const played = performance.now();
    const stored = await download(data.video.url);
    const sent = createHash('sha1');
    for (let number = 1; number <= PARTS; number++) sent.update(part(number));
    if (stored.size !== size || stored.hash !== sent.digest('hex'))
      throw new Error('What is stored is not what was sent');
    const { now, peak } = memory(pid);
    console.log(`read again: ${seconds(played)} s, ${now} MiB, at most ${peak}`);
    if (peak > LIMIT) throw new Error(`${peak} MiB of memory, over the ${LIMIT} that it may take`);
    console.log(`${size / MIB} MiB went through; memory at most ${peak} MiB`);
  } finally {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
