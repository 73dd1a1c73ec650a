import { readFile, rm } from 'node:fs/promises';
import { createServer, Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { closeServers, isListening, openPort, PortTaken } from '../../local/network/open-port';
import { listen } from '../../local/server';
import { startTestRun, temporaryFolder } from '../support/local';
import { killProcesses, startProcess } from '../support/npm-start';
import { sample } from '../support/thorough';

afterEach(killProcesses);

/** A container may have no IPv6: then there is no second address to test. */
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const loopback = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
const testWithIpv6 = hasIpv6 ? test : test.skip;

/** Takes a free port on this address, as another program would. */
async function occupy(host: string, port = 0) {
  const { port: taken, servers } = await openPort(() => createServer(), port, [{ host }]);
  return { port: taken, close: () => closeServers(servers) };
}

describe('A5: npm start', () => {
  testWithIpv6.each(
    sample<readonly [string, string, string | undefined]>(
      [
        ['PORT', '::1', '[::1]'],
        ['VOD_PORT', '::1', '[::1]'],
        ['TABLE_PORT', '::1', '[::1]'],
        ['PORT', '127.0.0.1', undefined],
        ['VOD_PORT', '127.0.0.1', undefined],
        ['TABLE_PORT', '127.0.0.1', undefined],
        ['PORT', '::', undefined],
        ['PORT', '0.0.0.0', undefined],
      ],
      4,
    ),
  )(
    'ends with one line and status 1 if another program has %s on %s',
    async (name, host, shown) => {
      const dataDir = await temporaryFolder();
      const other = await occupy(host);
      try {
        const run = await startProcess(dataDir, { [name]: String(other.port) });
        expect(await run.exited).toBe(1);
        const where = shown === undefined ? '' : ` (on ${shown})`;
        expect(run.err()).toBe(`Port ${other.port} is taken${where}: choose another one with ${name}\n`);
        expect(run.out()).toBe('');
      } finally {
        await other.close();
        await rm(dataDir, { recursive: true });
      }
    },
    60_000,
  );

  test('listens on both addresses of localhost, on every port that it prints', async () => {
    const dataDir = await temporaryFolder();
    const run = await startTestRun({ dataDir });
    try {
      const { tableUrl, parameterStoreUrl, queuesUrl, url, vodUrl } = JSON.parse(
        await readFile(join(dataDir, 'running.json'), 'utf8'),
      ) as Record<string, string>;
      for (const one of [url, vodUrl, tableUrl, parameterStoreUrl, queuesUrl]) {
        const { port } = new URL(one ?? '');
        for (const host of loopback) {
          expect([one, host, await isListening(Number(port), host)]).toEqual([one, host, true]);
        }
      }
      for (const host of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
        expect((await fetch(`${run.url.replace('localhost', host)}/local/config`)).status).toBe(200);
        expect((await fetch(`${run.vod.url.replace('localhost', host)}/local/faults`)).status).toBe(200);
      }
    } finally {
      await run.stop();
    }
    for (const host of loopback) expect(await isListening(run.vod.port, host)).toBe(false);
    await rm(dataDir, { recursive: true });
  }, 60_000);
});

describe('A5: openPort', () => {
  testWithIpv6('leaves neither address open when one of them is taken', async () => {
    const other = await occupy('::1');
    await expect(listen(() => Promise.resolve(), other.port, 'PORT')).rejects.toThrow('(on [::1])');
    expect(await isListening(other.port, '127.0.0.1')).toBe(false);
    await other.close();
  });

  testWithIpv6('port 0 takes one that is free on both addresses', async () => {
    let isFirst = true;
    const others: { close: () => Promise<void> }[] = [];
    // Another program takes ::1 of the port that 127.0.0.1 has just got.
    class Raced extends Server {
      override listen(...args: unknown[]): this {
        const [port, host, then] = args as ListenArguments;
        if (host !== '::1' || !isFirst) return super.listen(port, host, then);
        isFirst = false;
        void occupy('::1', port).then((other) => {
          others.push(other);
          super.listen(port, host, then);
        });
        return this;
      }
    }
    const { port, servers } = await openPort(() => new Raced(), 0);
    expect(others).toHaveLength(1);
    expect(servers).toHaveLength(2);
    expect(port).toBeGreaterThan(0);
    await closeServers(servers);
    for (const { close } of others) await close();
  });

  test.each(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])('works on a machine without IPv6 (%s)', async (code) => {
    const { port, servers } = await openPort(() => new WithoutIpv6(code), 0);
    expect(servers).toHaveLength(1);
    expect(await isListening(port, '127.0.0.1')).toBe(true);
    await closeServers(servers);
  });

  test('an address that this machine does not have is not skipped where it is required', async () => {
    await expect(openPort(() => createServer(), 0, [{ host: '192.0.2.1' }])).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  test('names the address in its error', () => {
    expect(new PortTaken(3000, '::1').message).toBe('Port 3000 is taken (on [::1])');
    expect(new PortTaken(3000, '127.0.0.1').message).toBe('Port 3000 is taken');
  });
});

type ListenArguments = [port: number, host: string, then: () => void];

class WithoutIpv6 extends Server {
  constructor(private readonly code: string) {
    super();
  }

  override listen(...args: unknown[]): this {
    const [port, host, then] = args as ListenArguments;
    if (host !== '::1') return super.listen(port, host, then);
    process.nextTick(() => this.emit('error', Object.assign(new Error(this.code), { code: this.code })));
    return this;
  }
}
