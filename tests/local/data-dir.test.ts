import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { ownDataDir } from '../../local/data-dir';
import { makeFolder } from '../../local/make-folder';
import { startVod } from '../../local/vod/server';
import { temporaryFolder } from '../support/local';
import { killProcesses, startProcess } from '../support/npm-start';
import { requestSignature } from '../support/stack';
import { apply, cosAuthorization, ugc, until, type Applied } from '../support/vod/vod-client';
import { sample } from '../support/thorough';

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(async () => {
  killProcesses();
  await rm(dataDir, { recursive: true, force: true });
});

/** Every file of the folder with its size and time, except those of the claims. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const name of names.filter((one) => !one.startsWith('owner'))) {
    const { size, mtimeMs } = await stat(join(folder, name));
    files[name] = `${size} ${mtimeMs}`;
  }
  return files;
}

/** Sends the first half of a file to the storage. */
function beginPut(port: number, applied: Applied) {
  const requestOptions = { method: 'PUT', path: applied.video.storagePath };
  const outgoing = request({
    host: '127.0.0.1',
    port,
    ...requestOptions,
    headers: {
      host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
      authorization: cosAuthorization(applied, requestOptions),
      'x-cos-security-token': applied.tempCertificate.token,
      'content-length': 200_000,
    },
  });
  const status = once(outgoing, 'response').then(([response]) => (response as IncomingMessage).statusCode);
  outgoing.write(Buffer.alloc(100_000));
  return {
    finish: () => {
      outgoing.end(Buffer.alloc(100_000));
      return status;
    },
  };
}

/** Of the files in a folder. */
function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

describe('H11: one DATA_DIR has one owner', () => {
  test('a second npm start with other ports ends with one line, touches nothing, and an upload that is running succeeds', async () => {
    const first = await startProcess(dataDir);
    const url = first.valueOf('page').slice(0, -1);
    const vodPort = Number(new URL(first.valueOf('vod')).port);
    const signature = await requestSignature({ url, vodPort });
    const applied = await apply(vodPort, signature);
    const upload = beginPut(vodPort, applied);
    const arriving = join(dataDir, 'vod', 'storage', 'arriving');
    await until(() => bytesIn(arriving) === 100_000); // a start removes what is there
    const before = await filesOf(dataDir);

    const second = await startProcess(dataDir);
    expect(await second.exited).toBe(1);
    expect(second.out()).toBe('');
    expect(second.err()).toBe(
      `DATA_DIR ${dataDir} is in use by process ${first.child.pid ?? 0}: end it, or choose another folder with DATA_DIR\n`,
    );
    expect(await filesOf(dataDir)).toEqual(before);
    expect(await upload.finish()).toBe(200);
    expect(await ugc(vodPort, 'Commit', { signature, vodSessionKey: applied.vodSessionKey })).toMatchObject({
      code: 0,
    });
    first.child.kill('SIGINT');
    expect(await first.exited).toBe(0);
    expect(await readdir(join(dataDir, 'owner'))).toEqual([]);
  }, 120_000);

  test('the claim of a killed process does not block the next start', async () => {
    const first = await startProcess(dataDir);
    first.child.kill('SIGKILL');
    await first.exited;
    expect((await readdir(join(dataDir, 'owner'))).length).toBeGreaterThan(0);
    const second = await startProcess(dataDir);
    expect(second.err()).toBe('');
    expect(second.valueOf('key id')).toBe(first.valueOf('key id'));
    second.child.kill('SIGINT');
    expect(await second.exited).toBe(0);
    expect(await readdir(join(dataDir, 'owner'))).toEqual([]);
  }, 120_000);

  test('a dead claim with the id of a living process does not block', async () => {
    mkdirSync(join(dataDir, 'owner'));
    const name = 'f'.repeat(32);
    writeFileSync(join(dataDir, 'owner', name), JSON.stringify({ pid: process.pid, isElsewhere: false }));
    const release = await ownDataDir(dataDir);
    expect(readdirSync(join(dataDir, 'owner'))).not.toContain(name);
    await release();
  });

  test('one of many processes that start at once becomes the owner', async () => {
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => ownDataDir(dataDir)));
      const owners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(owners).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(String(result.reason)).toContain(' is in use by process ');
      }
      await owners[0]?.();
      expect(readdirSync(join(dataDir, 'owner'))).toEqual([]);
    }
  });

  test('a folder can be released and owned again, by another path too', async () => {
    const release = await ownDataDir(dataDir);
    await expect(ownDataDir(join(dataDir, '..', dataDir.split('/').at(-1) ?? ''))).rejects.toThrow(' is in use by ');
    await release();
    await (
      await ownDataDir(dataDir)
    )();
  });

  test('a folder with a path that is too long for a socket can be owned', async () => {
    const deep = join(dataDir, 'x'.repeat(60), 'y'.repeat(60));
    const release = await ownDataDir(deep);
    await expect(ownDataDir(deep)).rejects.toThrow(' is in use by ');
    await release();
    await (
      await ownDataDir(deep)
    )();
  });

  test('a copy of a folder in use is not owned', async () => {
    const copy = `${dataDir}-copy`;
    const release = await ownDataDir(dataDir);
    mkdirSync(join(copy, 'owner'), { recursive: true });
    for (const name of readdirSync(join(dataDir, 'owner')).filter((one) => !one.endsWith('.sock'))) {
      cpSync(join(dataDir, 'owner', name), join(copy, 'owner', name));
    }
    await (
      await ownDataDir(copy)
    )();
    await release();
    rmSync(copy, { recursive: true });
  });
});

describe('H16: a DATA_DIR that cannot be one', () => {
  test.each(sample(['/proc/x', '/dev/null/x', '/proc/x/y', '/proc/self', '/dev/null'], 2))(
    '%s ends with one message',
    async (path) => {
      const run = await startProcess(path);
      expect(await run.exited).toBe(1);
      expect(run.err()).toMatch(/^DATA_DIR must be a folder that can be written: [^\n]+\n$/);
      expect(run.out()).toBe('');
    },
    60_000,
  );

  test('the local VOD alone refuses a DATA_DIR that cannot be one', async () => {
    const options = { port: 0, dataDir: '/proc/x', secretId: 'a', secretKey: 'b', callbackUrl: '' };
    await expect(startVod(options)).rejects.toThrow('ENOENT');
  });

  test('makeFolder makes all folders above, and accepts one that is there', async () => {
    const deep = join(dataDir, 'a', 'b', 'c');
    makeFolder(deep);
    makeFolder(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
    await mkdir(join(dataDir, 'd'));
    writeFileSync(join(dataDir, 'd', 'file'), '');
    expect(() => {
      makeFolder(join(dataDir, 'd', 'file'));
    }).toThrow('EEXIST');
    expect(() => {
      makeFolder(join(dataDir, 'd', 'file', 'below'));
    }).toThrow('ENOTDIR');
  });
});
