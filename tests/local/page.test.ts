import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { ListOptions, StoredUpload } from '../../client/src/types';
import { formatBytes, formatSeconds, formatSpeed } from '../../local/page/format.js';
import { localUrl } from '../../local/page/map-hosts.js';
import { STRINGS } from '../../local/page/strings.js';
import { MyUploads } from '../../local/page/uploads/my-uploads.js';
import { getClientCode, getSignatureCode } from '../../local/page/uploads/snippet.js';
import { startTestRun, type TestRun } from '../support/local';
import { until } from '../support/vod/vod-client';

const folder = join(__dirname, '../../local/page');

describe('pages and routes of the local run', () => {
  let run: TestRun;
  beforeAll(async () => {
    run = await startTestRun();
  });
  afterAll(() => run.stop());

  const get = (path: string) => fetch(`${run.url}${path}`);

  test('the local run serves the page, all that it loads, and all that its modules import', async () => {
    const seen = new Set<string>();
    const load = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 200]);
      const text = await response.text();
      const found = path.includes('/sdk/')
        ? []
        : [...text.matchAll(/(?:src|href|from) ?=? ?["'](\.{0,2}\/[^"']+)["']/g)];
      for (const [, name = ''] of found) await load(new URL(name, `${run.url}${path}`).pathname);
    };
    await load('/');
    expect(seen).toContain('/local/page/main.js');
    expect(seen).toContain('/local/page/format.js');
    expect(seen).toContain('/local/client/index.js');
    expect(seen).toContain('/local/sdk/vod-js-sdk-v6.js');
  });

  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/local/page/styles/base.css', 'text/css; charset=utf-8'],
    ['/local/page/main.js', 'text/javascript; charset=utf-8'],
    ['/local/sdk/vod-js-sdk-v6.js', 'text/javascript; charset=utf-8'],
    ['/local/client/zh.js', 'text/javascript; charset=utf-8'],
  ])('the local run serves %s as %s', async (path, type) => {
    const { headers } = await get(path);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('the local run serves the SDK of its package unchanged', async () => {
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
    '/local/client/react.js',
    '/local/client/',
    '//etc/passwd',
  ])('the local run serves nothing at %s', async (path) => {
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

  test('the local run serves a CSP that allows only its own scripts and calls of the local VOD', async () => {
    const policy = (await get('/')).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain(`connect-src 'self' ${run.vod.url}; media-src ${run.vod.url}`);
  });

  test('the local run serves the client package, which imports only the SDK', async () => {
    const text = await (await get('/local/client/index.js')).text();
    expect(text).toMatch(/export \{[^}]*createUploads/);
    expect([...text.matchAll(/\b(?:import\(|from )["']([^"']+)/g)].map(([, name]) => name)).toEqual(['vod-js-sdk-v6']);
  });

  test('the local run serves the URL of the VOD and the features of the run', async () => {
    const procedures = ['LongVideoPreset', 'FailingPreset', 'BlockingPreset', 'ReviewPreset'];
    expect(await (await get('/local/config')).json()).toEqual({
      vodUrl: run.vod.url,
      procedures,
      playback: true,
      allowDelete: true,
      notifyUrl: '',
    });
    for (const procedure of procedures) expect((await sign({ procedure })).status).toBe(200);
  });

  test('the local run serves a getSignature to copy that works unchanged', async () => {
    const context = { fetch, JSON, Error, userToken: () => run.issuer.token({ sub: 'user-42' }) };
    const [code] = getSignatureCode(`${run.url}/upload-signature`, { oneTimeValid: true }).split('\n\n');
    const getSignature = runInNewContext(`${code}; getSignature`, context) as () => Promise<string>;
    expect(Buffer.from(await getSignature(), 'base64').toString('latin1')).toContain('oneTimeValid=1');

    const [wrong] = getSignatureCode(`${run.url}/upload-signature`, { procedure: 'Nope' }).split('\n\n');
    const refused = runInNewContext(`${wrong}; getSignature`, context) as () => Promise<string>;
    await expect(refused()).rejects.toThrow('Cannot sign upload: the policy of this service refuses it');
  });

  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${run.url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  test('the local run serves the callbacks of the VOD without the token, and sends them again', async () => {
    run.vod.put({ name: 'cat', type: 'mp4', size: 1, sourceContext: '' });
    await until(() => run.vod.callbackLog.get(1)?.attempts[0]?.responseBody !== undefined);
    const text = await (await get('/local/events')).text();
    expect(text).not.toContain(run.secrets.callbackToken);
    const events = JSON.parse(text) as { cursor: string };
    expect(events).toMatchObject({
      url: `${run.url}/vod-events`,
      mode: 'PUSH',
      hasSignKey: false,
      records: [{ id: 1 }],
    });
    const { json: unchanged } = await send('GET', `/local/events?cursor=${events.cursor}`);
    expect(unchanged).toMatchObject({ records: [] });

    expect(await send('POST', '/local/events/1/send')).toMatchObject({ status: 200, json: { kind: 'again' } });
    const forged = await send('POST', '/local/events/1/send', { forgery: 'wrong-token' });
    expect(forged).toMatchObject({ status: 200, json: { outcome: 'refused', attempts: [{ status: 401 }] } });
    const message = '"forgery" must be one of: wrong-token, wrong-sign, other-file, cut, or absent';
    expect(await send('POST', '/local/events/1/send', { forgery: 'x' })).toEqual({ status: 400, json: { message } });
    expect(await send('POST', '/local/events/77/send')).toMatchObject({ status: 404 });
  });

  test('the local run serves the data of the VOD without secrets, and its faults', async () => {
    const { json } = await send('GET', '/local/vod');
    expect(json).toMatchObject({ files: { total: 1 }, events: { mode: 'PUSH' }, faults: { drop: 0, format: '3.0' } });
    const { vodSecretKey, callbackToken, urlKey, playerKey } = run.secrets;
    for (const secret of [vodSecretKey, callbackToken, urlKey, playerKey]) {
      expect(JSON.stringify(json)).not.toContain(secret);
    }
    expect(await send('PUT', '/local/faults', { drop: 0.5 })).toMatchObject({ status: 200, json: { drop: 0.5 } });
    expect(await send('PUT', '/local/faults', { drop: 2 })).toEqual({
      status: 400,
      json: { message: '"drop" must be a number from 0 to 1, not 2' },
    });
    expect(await send('DELETE', '/local/faults')).toMatchObject({ status: 200, json: { drop: 0 } });
  });

  test('the local run serves the cover of a file by a signed URL', async () => {
    const { fileId } = run.vod.put({
      name: 'covered',
      type: 'mp4',
      size: 1,
      sourceContext: '',
      procedure: 'LongVideoPreset',
    });
    expect((await get(`/local/cover/${fileId}`)).status).toBe(404);
    await until(async () => (await get(`/local/cover/${fileId}`)).status === 200);
    const { url, headers } = await get(`/local/cover/${fileId}`);
    expect(url).toMatch(/\/media\/.*\?t=[0-9a-f]+&sign=[0-9a-f]{32}$/);
    expect(headers.get('content-type')).toBe('image/png');
    expect((await get('/local/cover/1')).status).toBe(404);
  });

  test('the local run serves no webhooks without NOTIFY_URL', async () => {
    expect((await get('/local/webhooks')).status).toBe(404);
    expect((await send('POST', '/local/notify', {})).status).toBe(404);
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

test('the code to copy for the client package uploads unchanged', async () => {
  const options: unknown[] = [];
  const upload = {
    subscribe: (listener: (snapshot: object) => void) => {
      listener({ state: 'uploading', loaded: 1, total: 2 });
    },
    uploaded: Promise.resolve({ fileId: '7' }),
    settled: Promise.resolve({ status: 'ready' }),
  };
  const createUploads = (given: { url: string; token: (how: object) => string }) => {
    options.push(given.url, given.token({ refresh: true }));
    return { upload: (file: unknown, how: unknown) => (options.push(file, how), upload) };
  };
  const lines: unknown[] = [];
  const context = {
    createUploads,
    file: 'a file',
    userToken: ({ refresh }: { refresh: boolean }) => `token, refresh ${refresh}`,
    console: { log: (...line: unknown[]) => lines.push(line) },
  };
  const [imported = '', ...code] = getClientCode('http://localhost:3000', { oneTimeValid: true }).split('\n');
  expect(imported).toBe("import { createUploads } from '@vod-client-upload/client';");
  const run = runInNewContext(
    `async () => { ${code.join('\n')}\nreturn { fileId, status }; }`,
    context,
  ) as () => Promise<object>;
  expect(await run()).toEqual({ fileId: '7', status: 'ready' });
  expect(options).toEqual(['http://localhost:3000', 'token, refresh true', 'a file', { oneTimeValid: true }]);
  expect(lines).toEqual([['uploading', 0.5]]);
});

test('the code to copy contains any text unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (sourceContext) => {
      const code = getSignatureCode('http://localhost/', { sourceContext });
      const [, literal = ''] = /JSON\.stringify\((.*)\),$/ms.exec(code) ?? [];
      expect(runInNewContext(`(${literal})`)).toEqual({ sourceContext });
    }),
  );
});

describe('map-hosts of the page', () => {
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
  ])('map-hosts.js redirects %s to the local VOD', (url, path) => {
    expect(localUrl(url, vod)).toBe(`${vod}${path}`);
  });

  test.each([
    '/upload-signature',
    'http://localhost:3000/local/uploads',
    'https://vod2.qcloud.com.example.com/',
    'https://example.com/vod2.qcloud.com/',
    'https://example.com/b.cos.ap-x.myqcloud.com/',
    'https://notvod2.qcloud.com/',
  ])('map-hosts.js does not redirect %s', (url) => {
    expect(localUrl(url, vod)).toBe(url);
  });
});

describe('numbers for people', () => {
  test('bytes and speed are shown in suitable units', () => {
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

  test('time is shown in one or two suitable units', () => {
    expect(formatSeconds(0.2, 'en')).toBe('1 sec');
    expect(formatSeconds(59.5, 'en')).toBe('1 min 0 sec');
    expect(formatSeconds(125, 'en')).toBe('2 min 5 sec');
    expect(formatSeconds(7380, 'en')).toBe('2 hr 3 min');
    expect(formatSeconds(5, 'zh')).toBe('5秒');
    expect(formatSeconds(125, 'zh')).toBe('2分钟5秒');
  });
});

describe('own uploads on the page', () => {
  const upload = (fileId: string, status: StoredUpload['status'], version = 2): StoredUpload => ({
    fileId,
    status,
    version,
  });
  const ready = (number: number) => upload(String(number), 'ready');

  /** The client of every user, over rows in memory, and the ids that were read one by one. */
  function fakeClient(rows: StoredUpload[]) {
    const read: string[] = [];
    const find = (fileId: string) => {
      const found = rows.find((row) => row.fileId === fileId);
      return found ? Promise.resolve(found) : Promise.reject(new Error('The upload does not exist'));
    };
    const client = {
      list: ({ limit = 20, cursor = '0' }: ListOptions = {}) => {
        const end = Number(cursor) + limit;
        const uploads = rows.slice(Number(cursor), end);
        return Promise.resolve({ uploads, ...(end < rows.length && { cursor: String(end) }) });
      },
      get: (fileId: string) => {
        read.push(fileId);
        return find(fileId);
      },
      delete: find,
    };
    return { read, clientOf: () => client };
  }
  const start = (rows: StoredUpload[]) => {
    const { read, clientOf } = fakeClient(rows);
    return { read, mine: new MyUploads(clientOf, () => undefined) };
  };
  const snapshot = (state: 'processing' | 'ready', stored?: StoredUpload) => ({
    state,
    fileId: '7',
    loaded: 1,
    total: 1,
    ...(stored && { upload: stored }),
  });

  test('the uploads are read page by page', async () => {
    const { mine } = start([1, 2, 3, 4, 5, 6].map(ready));
    await mine.open('user-42');
    expect(mine.current).toMatchObject({ user: 'user-42', isRead: true });
    expect(mine.current.uploads).toHaveLength(5);
    await mine.readPage();
    expect(mine.current.uploads.map(({ fileId }) => fileId)).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(mine.current.cursor).toBeUndefined();
  });

  test('an upload of this page is shown as the client reports it, and only to its user', async () => {
    const { mine, read } = start([]);
    await mine.open('user-42');
    mine.show('another', snapshot('processing'));
    expect(mine.current.uploads).toEqual([]);
    mine.show('user-42', snapshot('processing'));
    expect(mine.current.uploads).toMatchObject([{ fileId: '7' }]);
    mine.show('user-42', snapshot('processing', upload('7', 'processing')));
    expect(mine.current.uploads).toMatchObject([{ fileId: '7', status: 'processing' }]);
    await mine.refresh([{ fileId: '7', version: 3 }]);
    expect(read).toEqual([]);
    mine.show('user-42', snapshot('ready', upload('7', 'ready', 3)));
    expect(mine.current.uploads).toMatchObject([{ fileId: '7', status: 'ready', version: 3 }]);
  });

  test('an unfinished upload of an earlier page is read again when its row has changed, a finished one is not', async () => {
    const rows = [upload('7', 'processing'), ready(8)];
    const { mine, read } = start(rows);
    await mine.open('user-42');
    await mine.refresh(rows);
    expect(read).toEqual([]);
    rows[0] = upload('7', 'ready', 3);
    await mine.refresh([rows[0], upload('8', 'ready', 3)]);
    expect(read).toEqual(['7']);
    expect(mine.current.uploads).toMatchObject([{ fileId: '7', status: 'ready' }, { fileId: '8' }]);
  });

  test('a deletion is unfinished until VOD confirms it', async () => {
    const rows = [ready(7)];
    const { mine } = start(rows);
    await mine.open('user-42');
    expect(await mine.remove('7')).toBe(true);
    expect(mine.current.uploads).toMatchObject([{ ...ready(7), isDeleting: true }]);
    rows[0] = upload('7', 'ready', 3);
    await mine.refresh(rows);
    expect(mine.current.uploads).toMatchObject([{ version: 3, isDeleting: true }]);
    rows[0] = upload('7', 'deleted', 4);
    await mine.refresh(rows);
    expect(mine.current.uploads).toMatchObject([{ status: 'deleted', isDeleting: false }]);
  });

  test('a response about a user who is no longer shown is ignored', async () => {
    const { mine } = start([ready(7)]);
    const first = mine.open('user-42');
    const second = mine.open('user-43');
    await Promise.all([first, second]);
    expect(mine.current).toMatchObject({ user: 'user-43', uploads: [{ fileId: '7' }] });
  });
});

describe('strings of the page', () => {
  const shape = (table: object): unknown =>
    Object.fromEntries(
      Object.entries(table).map(([name, value]: [string, unknown]) => [
        name,
        typeof value === 'object' && value !== null ? shape(value) : typeof value,
      ]),
    );

  test('the strings exist in both languages', () => {
    expect(shape(STRINGS.zh)).toEqual(shape(STRINGS.en));
  });

  test('the strings are exactly those that the page uses', async () => {
    const html = await readFile(join(folder, 'index.html'), 'utf8');
    const named = [...html.matchAll(/data-(?:text|label)="(\w+)"/g)].map(([, name]) => name);
    expect(Object.keys(STRINGS.en)).toEqual(expect.arrayContaining(named));

    const files = (await readdir(folder, { recursive: true })).filter((name) => /(?<!strings)\.js$/.test(name));
    const code = (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
    // States and verbs of an upload are words by their own name.
    const used = Object.keys(STRINGS.en).filter(
      (name) => named.includes(name) || new RegExp(`\\b${name}\\b`).test(code),
    );
    expect(used).toEqual(Object.keys(STRINGS.en));
  });
});
