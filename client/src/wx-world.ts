import type { HttpResponse, StoredSessions, World } from './world';

const NAME = 'vod-client-upload';

/** The part of `wx` that is used here. */
interface Wx {
  readonly request: (options: {
    readonly url: string;
    readonly method: string;
    readonly header: Readonly<Record<string, string>>;
    readonly data?: string | undefined;
    readonly dataType: 'json';
    readonly success: (result: WxResponse) => void;
    readonly fail: (error: { readonly errMsg: string }) => void;
  }) => unknown;
  readonly getStorageSync: (key: string) => unknown;
  readonly setStorageSync: (key: string, value: unknown) => void;
  readonly onAppShow?: (callback: () => unknown) => void;
  readonly offAppShow?: (callback: () => unknown) => void;
  readonly onAppHide?: (callback: () => unknown) => void;
  readonly base64ToArrayBuffer: (text: string) => ArrayBuffer;
}

interface WxResponse {
  readonly statusCode: number;
  readonly data: unknown;
  readonly header: Readonly<Record<string, string>>;
}

/** The mini program that runs this. `wx` is not touched before the first upload. */
export function createMiniProgramWorld(): World {
  const { wx } = globalThis as unknown as { readonly wx: Wx };
  let isHidden = false;
  let stored: StoredSessions | undefined;
  wx.onAppHide?.(() => {
    isHidden = true;
  });
  wx.onAppShow?.(() => {
    isHidden = false;
  });
  return {
    request: (url, { method, headers, body }) =>
      new Promise((resolve, reject) => {
        const options = { url, method, header: headers, data: body, dataType: 'json' } as const;
        wx.request({
          ...options,
          success: (response) => {
            resolve(toHttpResponse(response));
          },
          fail: ({ errMsg }) => {
            reject(new TypeError(errMsg));
          },
        });
      }),
    now: Date.now,
    setTimer(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    // Where the storage is full or refused, sessions last as long as the mini program runs.
    load() {
      try {
        stored ??= Object.assign({}, wx.getStorageSync(NAME));
      } catch {
        // see above
      }
      return stored ?? {};
    },
    save(sessions) {
      stored = sessions;
      try {
        wx.setStorageSync(NAME, sessions);
      } catch {
        // see above
      }
    },
    isHidden: () => isHidden,
    onVisible(callback) {
      wx.onAppShow?.(callback);
      return () => {
        wx.offAppShow?.(callback);
      };
    },
    decodeBase64: (text) => String.fromCharCode(...new Uint8Array(wx.base64ToArrayBuffer(text))),
  };
}

/** Platforms spell the names of headers differently. */
function toHttpResponse({ statusCode, data, header }: WxResponse): HttpResponse {
  const headers = new Map(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
  return { status: statusCode, body: data, header: (name) => headers.get(name) };
}
