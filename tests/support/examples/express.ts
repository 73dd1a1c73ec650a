import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onEnd } from './ends';
import { findFreePort, folderOf, startScript } from './processes';

/** A code of `wx.login`: WeChat accepts each once. */
export const WECHAT_CODES = ['code-1', 'code-2', 'code-3'] as const;

/** The Express example, with a stand-in of WeChat's API. */
export interface ExpressExample {
  readonly url: string;
  readonly notifySecret: string;
  /** The printed lines, one for each change of an upload. */
  readonly lines: () => readonly string[];
}

export async function startExpressExample(): Promise<ExpressExample> {
  const port = await findFreePort();
  const url = `http://localhost:${port}`;
  const notifySecret = `whsec_${randomBytes(32).toString('base64')}`;
  const folder = folderOf('express');
  const settings = (await readFile(join(folder, '.env.example'), 'utf8'))
    .replace(/^NOTIFY_SECRET=$/m, `NOTIFY_SECRET=${notifySecret}`)
    .replace('http://localhost:4000', url)
    .replace(/^WECHAT_APP_ID=$/m, 'WECHAT_APP_ID=wx-app-id')
    .replace(/^WECHAT_APP_SECRET=$/m, 'WECHAT_APP_SECRET=wx-app-secret');
  await writeFile(join(folder, '.env'), settings);
  const wechat = await startWechat();
  const wechatUrl = `http://localhost:${(wechat.address() as AddressInfo).port}`;
  const env = { PORT: String(port), WECHAT_API: wechatUrl };
  const script = await startScript('express', ['start'], /Listening on (\S+)/, env);
  return { url, notifySecret, lines: () => script.output().split('\n') };
}

/** WeChat's `jscode2session`. */
async function startWechat(): Promise<Server> {
  const codes = new Set<string>(WECHAT_CODES);
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const isApp = searchParams.get('appid') === 'wx-app-id' && searchParams.get('secret') === 'wx-app-secret';
    const isKnown = isApp && searchParams.get('grant_type') === 'authorization_code';
    if (pathname !== '/sns/jscode2session' || !isKnown) response.end('{"errcode":40013,"errmsg":"invalid appid"}');
    else if (!codes.delete(searchParams.get('js_code') ?? ''))
      response.end('{"errcode":40029,"errmsg":"invalid code"}');
    else response.end('{"openid":"o-42","session_key":"session-key"}');
  });
  server.listen(0, 'localhost');
  onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return server;
}
