import { readFileSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';

// The `wx` object of a WeChat mini program, as far as the vendor's SDK needs it, on Node.

interface RequestOptions {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly dataType?: string;
  readonly success?: (result: object) => void;
  readonly fail?: (error: { readonly errMsg: string }) => void;
  readonly complete?: (result: object) => void;
}

interface ReadOptions {
  readonly filePath: string;
  readonly position?: number;
  readonly length?: number;
  readonly success: (result: { readonly data: ArrayBuffer }) => void;
  readonly fail?: (error: { readonly errMsg: string }) => void;
}

/** A request of the SDK with the response that it got. */
export interface WxRequest {
  readonly method: string;
  /** The host of the URL. */
  readonly host: string;
  readonly path: string;
  /** The header Vod-Forward-Cos. */
  readonly forward: string | undefined;
  /** The body, as the SDK gave it. */
  readonly data: unknown;
  readonly status: number;
  readonly text: string;
}

export interface Wx {
  /** In the order of their responses. */
  readonly requests: WxRequest[];
  /** The values that wx.setStorageSync wrote. */
  readonly storage: Map<string, unknown>;
  /** How many requests have no response yet. */
  readonly pending: () => number;
  readonly uninstall: () => void;
}

/**
 * Defines the globals `wx` and `window`, which the SDK reads when it is loaded. Requests to localhost go there. Every other
 * one goes to `port` of 127.0.0.1, with the Host of its URL: what `wx` sends by TLS to the real hosts.
 */
export function installWx(port: () => number): Wx {
  const requests: WxRequest[] = [];
  const storage = new Map<string, unknown>();
  let pending = 0;
  const wx = {
    request: (options: RequestOptions) => {
      pending++;
      return send(port(), options, (request) => {
        pending--;
        if (request) requests.push(request);
      });
    },
    setStorageSync: (key: string, value: unknown) => void storage.set(key, value),
    getStorageSync: (key: string) => storage.get(key) ?? '',
    removeStorageSync: (key: string) => void storage.delete(key),
    getFileSystemManager: () => ({ readFile, stat }),
    getSystemInfoSync: () => ({ SDKVersion: '3.5.0', platform: 'android', system: 'Android 14', model: 'x' }),
    canIUse: () => false,
    base64ToArrayBuffer: (text: string) => new Uint8Array(Buffer.from(text, 'base64')).buffer,
  };
  const globals = { wx, window: globalThis };
  Object.assign(globalThis, globals);
  return {
    requests,
    storage,
    pending: () => pending,
    uninstall: () => {
      for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
    },
  };
}

function send(port: number, options: RequestOptions, onEnd: (request?: WxRequest) => void) {
  const { url, method = 'GET', data: sent, dataType = 'json', success, fail, complete } = options;
  const { host, hostname, port: portOfUrl, pathname, search } = new URL(url);
  const target = hostname === 'localhost' ? { host: hostname, port: portOfUrl } : { host: '127.0.0.1', port };
  const body = bodyOf(options);
  const headers: Record<string, string | number> = { 'content-type': 'application/json', ...options.headers };
  Object.assign(headers, options.header, { host }, body && { 'content-length': body.length });
  const path = `${pathname}${search}`;
  const outgoing = httpRequest({ ...target, method, path, headers, agent: false }, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const status = incoming.statusCode ?? 0;
      onEnd({ method, host, path, forward: headers['Vod-Forward-Cos']?.toString(), data: sent, status, text });
      const data = dataType === 'json' ? parsed(text) : text;
      const result = { statusCode: status, data, header: incoming.headers, errMsg: 'request:ok' };
      success?.(result);
      complete?.(result);
    });
  });
  outgoing.on('error', (error) => {
    onEnd();
    const failure = { errMsg: `request:fail ${error.message}` };
    fail?.(failure);
    complete?.(failure);
  });
  outgoing.end(body);
  return { abort: () => outgoing.destroy(), onProgressUpdate: () => undefined };
}

function bodyOf({ data, method = 'GET' }: RequestOptions): Buffer | undefined {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (typeof data !== 'object' || data === null || method === 'GET' || method === 'HEAD') return undefined;
  return Buffer.from(JSON.stringify(data));
}

/** `wx` gives text that is not JSON as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readFile({ filePath, position = 0, length, success, fail }: ReadOptions): void {
  try {
    const bytes = new Uint8Array(readFileSync(filePath));
    success({ data: bytes.slice(position, length === undefined ? undefined : position + length).buffer });
  } catch (error) {
    fail?.({ errMsg: String(error) });
  }
}

function stat({ path, success }: { readonly path: string; readonly success: (result: object) => void }): void {
  const { size, mode, mtimeMs } = statSync(path);
  success({ stats: { size, mode, lastModifiedTime: Math.floor(mtimeMs / 1000), isDirectory: () => false } });
}
