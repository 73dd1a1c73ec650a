import { createUploads } from '/local/client/index.js';
import { zh } from '/local/client/zh.js';
import { language } from './strings.js';

/** How long a token is used, in milliseconds; it is valid for an hour. */
const TOKEN_LIFETIME = 600_000;
/** Each user's token, and until when it is used. */
const tokens = new Map();
/** By language and user. */
const clients = new Map();

/** @type {import('../local-routes').PageConfig | undefined} */
let config;

/** Where the local VOD is, and what this run offers; `undefined` before `loadConfig` has resolved. */
export function getConfig() {
  return config;
}

export async function loadConfig() {
  config = await fetchJson('/local/config');
}

/**
 * The client package, as an app uses it, with this user logged in. The texts of its errors are in the page's language.
 *
 * @param {string} user any name: the local run gives a token to each
 */
export function clientOf(user) {
  const key = `${language()} ${user}`;
  const client =
    clients.get(key) ??
    createUploads({
      url: location.origin,
      token: ({ refresh }) => tokenOf(user, refresh),
      sdk: window.TcVod,
      ...(language() === 'zh' && { messages: zh }),
    });
  clients.set(key, client);
  return client;
}

/**
 * The URL that plays a file of the user's for the next hour: a signed one, or, where the deployment signs none, its own.
 *
 * @param {string} user
 * @param {{ fileId: string, url?: string }} upload
 * @returns {Promise<string>}
 */
export async function playbackUrl(user, { fileId, url }) {
  if (!config.playback && url !== undefined) return url;
  const { url: signedUrl = url } = await clientOf(user).playback(fileId);
  return signedUrl;
}

/** The rows, newest first. */
export function rows() {
  return fetchJson('/local/uploads');
}

/**
 * @param {string} user
 * @param {boolean} isRefused whether the backend refused the last token
 */
async function tokenOf(user, isRefused) {
  const cached = tokens.get(user);
  if (cached && !isRefused && performance.now() < cached.until) return cached.token;
  const { token } = await fetchJson('/local/token', { method: 'POST', body: JSON.stringify({ sub: user }) });
  tokens.set(user, { token, until: performance.now() + TOKEN_LIFETIME });
  return token;
}

/** Where the cover of a file is, as an image that the page may show. */
export function coverUrl(fileId) {
  return `/local/cover/${fileId}`;
}

/**
 * The JSON of a route under /local/.
 *
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function fetchJson(path, init) {
  const response = await fetch(path, init);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}
