import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { formatBytes, formatSeconds, formatSpeed, meter } from '../../local/page/format.js';
import { localUrl } from '../../local/page/map-hosts.js';
import { createMyUploads } from '../../local/page/my-uploads.js';
import { createPoller } from '../../local/page/poller.js';
import { getSignatureCode } from '../../local/page/snippet.js';
import { STRINGS } from '../../local/page/strings.js';
import { startTestRun, type TestRun } from '../helpers/local';

const folder = join(__dirname, '../../local/page');

describe('what is served', () => {
  let run: TestRun;
  beforeAll(async () => {
    run = await startTestRun();
  });
  afterAll(() => run.stop());

  const get = (path: string) => fetch(`${run.url}${path}`);

  test('the page, all that it loads, and all that its modules import', async () => {
    const seen = new Set<string>();
    const load = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 200]);
      const text = await response.text();
      const found = path.includes('/sdk/') ? [] : [...text.matchAll(/(?:src|href|from) ?=? ?["'](\.?\/[^"']+)["']/g)];
      for (const [, name = ''] of found) await load(new URL(name, `${run.url}${path}`).pathname);
    };
    await load('/');
    expect(seen).toContain('/local/page/main.js');
    expect(seen).toContain('/local/page/format.js');
    expect(seen).toContain('/local/sdk/vod-js-sdk-v6.js');
  });

  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/local/page/style.css', 'text/css; charset=utf-8'],
    ['/local/page/main.js', 'text/javascript; charset=utf-8'],
    ['/local/sdk/vod-js-sdk-v6.js', 'text/javascript; charset=utf-8'],
  ])('%s as %s', async (path, type) => {
    const { headers } = await get(path);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('the SDK as its package has it', async () => {
    const original = await readFile(require.resolve('vod-js-sdk-v6/dist/vod-js-sdk-v6.js'));
    const served = Buffer.from(await (await get('/local/sdk/vod-js-sdk-v6.js')).arrayBuffer());
    expect(served.equals(original)).toBe(true);
  });

  test.each([
    '/local/page/../run.ts',
    '/local/page/%2e%2e/run.ts',
    '/local/page/..%2frun.ts',
    '/local/page/index.html',
    '/local/page/',
    '/local/sdk/vod-js-sdk-v6.js.map',
    '/local/page/__proto__',
    '//etc/passwd',
  ])('nothing else: %s', async (path) => {
    // fetch would tidy the path up
    const status = await new Promise((resolve, reject) => {
      const sent = request(run.url, { path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject).end();
    });
    expect(status).toBe(404);
  });

  test('only its own scripts may run, and only the local VOD is spoken to', async () => {
    const policy = (await get('/')).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain(`connect-src 'self' ${run.vod.url}; media-src ${run.vod.url}`);
  });

  test('where the VOD is, and the procedures that the policy allows', async () => {
    const procedures = ['LongVideoPreset', 'FailingPreset', 'BlockingPreset', 'ReviewPreset'];
    expect(await (await get('/local/config')).json()).toEqual({ vodUrl: run.vod.url, procedures });
    for (const procedure of procedures) expect((await sign({ procedure })).status).toBe(200);
  });

  test('a getSignature to copy that works as it stands', async () => {
    const context = { fetch, JSON, Error, userToken: () => run.issuer.token({ sub: 'user-42' }) };
    const [code] = getSignatureCode(`${run.url}/upload-signature`, { oneTimeValid: true }).split('\n\n');
    const getSignature = runInNewContext(`${code}; getSignature`, context) as () => Promise<string>;
    expect(Buffer.from(await getSignature(), 'base64').toString('latin1')).toContain('oneTimeValid=1');

    const [wrong] = getSignatureCode(`${run.url}/upload-signature`, { procedure: 'Nope' }).split('\n\n');
    const refused = runInNewContext(`${wrong}; getSignature`, context) as () => Promise<string>;
    await expect(refused()).rejects.toThrow('Cannot sign upload: the policy of this service refuses it');
  });

  async function sign(body: object) {
    const authorization = `Bearer ${await run.issuer.token({ sub: 'user-42' })}`;
    return fetch(`${run.url}/upload-signature`, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify(body),
    });
  }
});

test('the code to copy carries any text as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (sourceContext) => {
      const code = getSignatureCode('http://localhost/', { sourceContext });
      const [, literal = ''] = /JSON\.stringify\((.*)\),$/ms.exec(code) ?? [];
      expect(runInNewContext(`(${literal})`)).toEqual({ sourceContext });
    }),
  );
});

describe('hosts', () => {
  const vod = 'http://localhost:3443';

  test.each([
    [
      'https://vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC',
      '/vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC',
    ],
    ['https://vod2.dnsv1.com/v3/index.php', '/vod2.dnsv1.com/v3/index.php'],
    ['https://vodreport.qcloud.com/ugcupload_new', '/vodreport.qcloud.com/ugcupload_new'],
    ['http://b-1.cos.ap-chongqing.myqcloud.com/1/a.mp4?uploads', '/b-1.cos.ap-chongqing.myqcloud.com/1/a.mp4?uploads'],
    ['https://b-1.cos.ap-chongqing.myqcloud.com', '/b-1.cos.ap-chongqing.myqcloud.com'],
    ['https://b-1.cos.ap-chongqing.tencentcos.cn/?uploads', '/b-1.cos.ap-chongqing.tencentcos.cn/?uploads'],
  ])('%s goes to the local VOD', (url, path) => {
    expect(localUrl(url, vod)).toBe(`${vod}${path}`);
  });

  test.each([
    '/upload-signature',
    'http://localhost:3000/local/uploads',
    'https://vod2.qcloud.com.example.com/',
    'https://example.com/vod2.qcloud.com/',
    'https://example.com/b.cos.ap-x.myqcloud.com/',
    'https://notvod2.qcloud.com/',
  ])('%s stays', (url) => {
    expect(localUrl(url, vod)).toBe(url);
  });
});

describe('numbers for people', () => {
  test('bytes and speed, in units that fit', () => {
    expect(formatBytes(0, 'en')).toBe('0 bytes');
    expect(formatBytes(1, 'en')).toBe('1 byte');
    expect(formatBytes(999, 'en')).toBe('999 bytes');
    expect(formatBytes(999_960, 'en')).toBe('1 MB');
    expect(formatBytes(12_345_678, 'en')).toBe('12.3 MB');
    expect(formatBytes(2 ** 31, 'en')).toBe('2.1 GB');
    expect(formatBytes(1e18, 'en')).toBe('1,000,000 TB');
    expect(formatSpeed(5_120_000, 'en')).toBe('5.1 MB/s');
    expect(formatSpeed(5_120_000, 'zh')).toContain('5.1');
  });

  test('time, in the one or two units that matter', () => {
    expect(formatSeconds(0.2, 'en')).toBe('1 sec');
    expect(formatSeconds(59.5, 'en')).toBe('1 min 0 sec');
    expect(formatSeconds(125, 'en')).toBe('2 min 5 sec');
    expect(formatSeconds(7380, 'en')).toBe('2 hr 3 min');
    expect(formatSeconds(5, 'zh')).toBe('5秒');
  });
});

describe('speed and remaining time', () => {
  test('unknown at first, then of the last seconds', () => {
    const measured = meter(10_000);
    expect(measured.add(0, 0)).toEqual({ speed: undefined, remaining: undefined });
    expect(measured.add(100, 900)).toEqual({ speed: undefined, remaining: undefined });
    expect(measured.add(1000, 1000)).toEqual({ speed: 1000, remaining: 9 });
    for (let second = 2; second <= 12; second += 1) measured.add(second * 1000, 1000 + second);
    expect(measured.add(13_000, 1013).speed).toBeCloseTo(1, 0);
  });

  test('a standstill has no remaining time', () => {
    const measured = meter(10_000, 2000);
    measured.add(0, 500);
    expect(measured.add(3000, 500)).toEqual({ speed: 0, remaining: undefined });
  });

  test('what arrived before the measuring began is no speed', () => {
    const measured = meter(10_000);
    measured.add(0, 8000);
    expect(measured.add(1000, 8500)).toEqual({ speed: 500, remaining: 3 });
  });

  test('begins anew when parts are sent again', () => {
    const measured = meter(10_000);
    measured.add(0, 5000);
    expect(measured.add(1000, 1000)).toEqual({ speed: undefined, remaining: undefined });
    expect(measured.add(2000, 2000)).toEqual({ speed: 1000, remaining: 8 });
  });
});

describe('poller', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Asks as often as `answers` has entries; `at` are the times, in milliseconds. */
  async function timesOf(answers: boolean[], milliseconds: number): Promise<number[]> {
    const at: number[] = [];
    const begin = Date.now();
    const poller = createPoller(
      () => answers.length > 0,
      () => {
        at.push(Date.now() - begin);
        return Promise.resolve(answers.shift() ?? false);
      },
    );
    poller.wake();
    await jest.advanceTimersByTimeAsync(milliseconds);
    return at;
  }

  test('asks ever more rarely while nothing changes, at least every 10 s', async () => {
    const at = await timesOf(Array<boolean>(8).fill(false), 60_000);
    expect(at).toEqual([500, 1500, 3500, 7500, 15_500, 25_500, 35_500, 45_500]);
  });

  test('asks soon again after a change', async () => {
    expect(await timesOf([false, false, true, false], 60_000)).toEqual([500, 1500, 3500, 4000]);
  });

  test('asks nothing while it is not needed', async () => {
    expect(await timesOf([], 60_000)).toEqual([]);
  });

  test('asks once at a time when it is woken meanwhile', async () => {
    let running = 0;
    let most = 0;
    const poller = createPoller(
      () => true,
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2000));
        running -= 1;
        return false;
      },
    );
    poller.wake();
    await jest.advanceTimersByTimeAsync(1000);
    poller.wake();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(most).toBe(1);
  });
});

describe('my uploads', () => {
  interface View {
    fileId: string;
    status: string;
    version: number;
    isDeleting?: boolean;
  }

  /** The routes under /uploads over rows in memory, and the versions that were given as ETag. */
  function fakeBackend(rows: View[]) {
    const etags: (number | undefined)[] = [];
    return {
      etags,
      listUploads: (_: string, limit: number, cursor = '0') => {
        const end = Number(cursor) + limit;
        const uploads = rows.slice(Number(cursor), end);
        return Promise.resolve({ uploads, ...(end < rows.length && { cursor: String(end) }) });
      },
      readUpload: (_: string, fileId: string, version?: number) => {
        etags.push(version);
        const row = rows.find((candidate) => candidate.fileId === fileId);
        if (!row) return Promise.reject(new Error('Cannot read upload'));
        return Promise.resolve(row.version === version ? undefined : row);
      },
      deleteUpload: (_: string, fileId: string) => Promise.resolve(rows.find((row) => row.fileId === fileId)),
    };
  }
  const ready = (number: number): View => ({ fileId: String(number), status: 'ready', version: 2 });
  const shown = (uploads: readonly object[]) => uploads.map((upload) => ({ ...upload }));

  test('are read page by page', async () => {
    const mine = createMyUploads(fakeBackend([1, 2, 3, 4, 5, 6].map(ready)), () => undefined);
    await mine.open('user-42');
    expect(mine.current()).toMatchObject({ user: 'user-42', isRead: true });
    expect(mine.current().uploads).toHaveLength(5);
    await mine.readPage();
    expect(mine.current().uploads.map(({ fileId }) => fileId)).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(mine.current().cursor).toBeUndefined();
    expect(mine.hasUnfinished()).toBe(false);
  });

  test('an upload is unfinished from its end until it is ready, and only then', async () => {
    const rows: View[] = [];
    const backend = fakeBackend(rows);
    const mine = createMyUploads(backend, () => undefined);
    await mine.open('user-42');
    mine.track('another', '7');
    expect(mine.hasUnfinished()).toBe(false);
    mine.track('user-42', '7');
    expect(mine.hasUnfinished()).toBe(true);
    expect(await mine.refresh()).toBe(false);

    rows.push({ fileId: '7', status: 'processing', version: 1 });
    expect(await mine.refresh()).toBe(true);
    expect(await mine.refresh()).toBe(false);
    rows[0] = { fileId: '7', status: 'ready', version: 2 };
    expect(await mine.refresh()).toBe(true);
    expect(mine.hasUnfinished()).toBe(false);
    expect(backend.etags).toEqual([undefined, undefined, 1, 1]);
  });

  test('a deletion is unfinished until VOD says so', async () => {
    const rows = [ready(7)];
    const mine = createMyUploads(fakeBackend(rows), () => undefined);
    await mine.open('user-42');
    expect(await mine.remove('7')).toBe(true);
    expect(shown(mine.current().uploads)).toEqual([{ ...ready(7), isDeleting: true }]);
    rows[0] = { ...ready(7), version: 3 };
    await mine.refresh();
    expect(mine.current().uploads).toEqual([{ ...rows[0], isDeleting: true }]);
    rows[0] = { ...ready(7), status: 'deleted', version: 4 };
    await mine.refresh();
    expect(mine.current().uploads).toEqual([{ ...rows[0], isDeleting: false }]);
    expect(mine.hasUnfinished()).toBe(false);
  });

  test('an answer about a user who is no longer shown is ignored', async () => {
    const mine = createMyUploads(fakeBackend([ready(7)]), () => undefined);
    const first = mine.open('user-42');
    const second = mine.open('user-43');
    await Promise.all([first, second]);
    expect(mine.current()).toMatchObject({ user: 'user-43', uploads: [{ fileId: '7' }] });
  });
});

describe('words', () => {
  const shape = (table: object): unknown =>
    Object.fromEntries(
      Object.entries(table).map(([name, value]: [string, unknown]) => [
        name,
        typeof value === 'object' && value !== null ? shape(value) : typeof value,
      ]),
    );

  test('are there in both languages', () => {
    expect(shape(STRINGS.zh)).toEqual(shape(STRINGS.en));
  });

  test('are there for everything that the page names, and nothing else', async () => {
    const html = await readFile(join(folder, 'index.html'), 'utf8');
    const named = [...html.matchAll(/data-(?:text|label)="(\w+)"/g)].map(([, name]) => name);
    expect(Object.keys(STRINGS.en)).toEqual(expect.arrayContaining(named));

    const modules = ['main', 'my-upload-card', 'my-uploads-panel', 'player', 'row-card', 'upload-card'].map((name) =>
      readFile(join(folder, `${name}.js`), 'utf8'),
    );
    const code = (await Promise.all(modules)).join('\n');
    // States and verbs of an upload are words by their own name.
    const used = Object.keys(STRINGS.en).filter(
      (name) => named.includes(name) || new RegExp(`\\b${name}\\b`).test(code),
    );
    expect(used).toEqual(Object.keys(STRINGS.en));
  });
});
