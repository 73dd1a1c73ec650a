import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installWx } from '../support/wx';
import { endAll, onEnd } from '../support/examples/ends';
import { WECHAT_CODES } from '../support/examples/express';
import { openPage, type OpenedPage } from '../support/examples/mini-program';
import { folderOf } from '../support/examples/processes';
import { startStack, type Stack } from '../support/examples/stack';
import { waitUntil } from '../support/examples/wait';

// The mini program on Node, with the SDK as published, against `npm start` and the Express example. `wx` is the helper's.

interface RequestOptions {
  readonly url: string;
  readonly method?: string;
  readonly success: (response: object) => void;
}

const APP = folderOf('mini-program');

let stack: Stack;
let page: OpenedPage;
const codes: string[] = [...WECHAT_CODES];
const dialogs: unknown[] = [];
const chosen: object[] = [];
const helper = installWx(() => Number(new URL(stack.vodUrl).port));
const { wx } = globalThis as unknown as { wx: { request: (options: RequestOptions) => unknown } };
const { request } = wx;
Object.assign(wx, {
  login: () => Promise.resolve({ code: codes.shift() }),
  showModal: (dialog: object) => dialogs.push(dialog),
  chooseMedia: () =>
    chosen.length > 0
      ? Promise.resolve({ tempFiles: chosen.splice(0) })
      : Promise.reject(Object.assign(new Error(), { errMsg: 'chooseMedia:fail cancel' })),
});

beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(); // the SDK prints every URL and report
  onEnd(helper.uninstall);
  stack = await startStack();
  const config = join(APP, 'config.js');
  const text = await readFile(config, 'utf8');
  expect(text).toMatch(/localhost:3000.*localhost:4000/s);
  await writeFile(
    config,
    text.replace('http://localhost:3000', stack.backendUrl).replace('http://localhost:4000', stack.express.url),
  );
  page = openPage(APP, 'pages/upload/upload');
  onEnd(() => {
    page.close();
  });
});
afterEach(() => {
  wx.request = request;
});
afterAll(endAll);

async function choose(...extensions: string[]): Promise<void> {
  for (const extension of extensions) {
    const tempFilePath = join(APP, `${randomBytes(8).toString('hex')}.${extension}`);
    await writeFile(tempFilePath, randomBytes(100_000));
    chosen.push({ tempFilePath, size: 100_000, fileType: 'video' });
  }
  page.tap('选择视频');
}

const shows = (text: string) => waitUntil(() => page.texts().includes(text));
const called = (path: string) => helper.requests.filter((sent) => sent.path.startsWith(path));

/** Holds what is sent to the storage, for good. */
function holdFiles(): void {
  wx.request = (options) => (options.method === 'PUT' ? { abort: () => undefined } : request(options));
}

/** The next request of this path gets that response. */
function respondOnce(path: string, response: object): void {
  wx.request = (options) => {
    if (!options.url.includes(path)) return request(options);
    wx.request = request;
    setTimeout(() => {
      options.success({ header: {}, ...response });
    });
    return undefined;
  };
}

test('examples/mini-program > lists nothing for a new user, who logs in with wx.login', async () => {
  await waitUntil(() => called('/uploads?').length === 1);
  expect(page.texts()).toEqual(['选择视频', '我的上传']);
  expect(called('/api/wechat/token').map(({ data }) => data)).toEqual([{ code: WECHAT_CODES[0] }]);
  expect(dialogs).toEqual([]);
});

test('examples/mini-program > does nothing when the user chooses no file', async () => {
  await choose();
  expect(page.texts()).toEqual(['选择视频', '我的上传']);
});

test('examples/mini-program > uploads two files and shows their confirmed status', async () => {
  await choose('mp4', 'MOV');
  await shows('视频1.mp4：已完成');
  await shows('视频2.MOV：已完成');
  await shows('视频1：已完成');
  await shows('视频2：已完成');
});

test('examples/mini-program > pauses and resumes', async () => {
  holdFiles();
  await choose('mp4');
  await waitUntil(() => page.texts().some((text) => /^视频3.mp4：(准备中|上传中)/.test(text)));
  page.tap('暂停', '视频3');
  await shows('视频3.mp4：已暂停');
  wx.request = request;
  page.tap('继续', '视频3');
  await shows('视频3.mp4：已完成');
  await shows('视频3：已完成');
});

test('examples/mini-program > cancels', async () => {
  holdFiles();
  await choose('mp4');
  await waitUntil(() => page.texts().some((text) => text.startsWith('视频4.mp4')));
  page.tap('取消', '视频4');
  await shows('视频4.mp4：上传已取消，如非本意，请重新上传。');
});

test('examples/mini-program > shows an error with what to do, and retries', async () => {
  const problem = { type: 'urn:vod-client-upload:problem:forbidden' };
  respondOnce('/upload-signature', { statusCode: 403, data: problem });
  await choose('mp4');
  await shows('视频5.mp4：没有权限，请更换账号或联系管理员。');
  page.tap('重试', '视频5');
  await shows('视频5.mp4：已完成');
  await shows('视频5：已完成');
});

test('examples/mini-program > logs in again when the backend refuses the token', async () => {
  respondOnce('/upload-signature', { statusCode: 401, data: {} });
  await choose('mp4');
  await shows('视频6.mp4：已完成');
  expect(called('/api/wechat/token').map(({ data }) => data)).toEqual(
    WECHAT_CODES.slice(0, 2).map((code) => ({ code })),
  );
});

test('examples/mini-program > deletes, and the server gets the webhooks of both changes', async () => {
  page.tap('删除', '视频1：');
  await shows('视频1：已申请删除');
  await waitUntil(() => stack.express.lines().some((line) => /^upload.deleted \d+ wechat:o-42$/.test(line)));
  expect(stack.express.lines().filter((line) => /^upload.ready \d+ wechat:o-42$/.test(line))).toHaveLength(5);
});

test('examples/mini-program > shows an error of a deletion', async () => {
  respondOnce('/uploads/', { statusCode: 409, data: { type: 'urn:vod-client-upload:problem:conflict' } });
  page.tap('删除', '视频2：');
  await waitUntil(() => dialogs.length > 0);
  expect(dialogs).toEqual([{ title: '当前状态不支持该操作', content: '请在状态变化后重试。', showCancel: false }]);
});

test('examples/mini-program > lists page after page, each upload once', async () => {
  page.close();
  wx.request = (options) => request({ ...options, url: options.url.replace('limit=20', 'limit=2') });
  page = openPage(APP, 'pages/upload/upload');
  // A page may be shorter than its limit: deleted uploads are not in it.
  await waitUntil(() => {
    page.scrollToEnd();
    return page.texts().length === 6;
  });
  const [first = '', second = '', ...others] = page.texts().slice(2);
  expect([first, second]).toEqual(['视频6：已完成', '视频5：已完成']);
  expect(others.sort()).toEqual(['视频2：已完成', '视频3：已完成']);
});
