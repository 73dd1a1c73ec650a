/** What the backend refused, in its own words. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {readonly { path: string, message: string }[]} members what is wrong with which member
   * @param {boolean} hasRoute false where the deployment lacks the route
   */
  constructor(message, members, hasRoute = true) {
    super(message);
    this.members = members;
    this.hasRoute = hasRoute;
  }
}

/** How long a token is used, in milliseconds; it is valid for an hour. */
const TOKEN_LIFETIME = 600_000;
/** Each user's token, and until when it is used. */
const tokens = new Map();

/**
 * Logs a user in: on this machine any name is accepted.
 *
 * @param {string} user
 */
async function tokenFor(user) {
  const cached = tokens.get(user);
  if (cached && performance.now() < cached.until) return cached.token;
  const { token } = await ask('/local/token', { method: 'POST', body: JSON.stringify({ sub: user }) });
  tokens.set(user, { token, until: performance.now() + TOKEN_LIFETIME });
  return token;
}

/**
 * Sends a request with the user's token.
 *
 * @param {string} user
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function askAs(user, path, init = {}) {
  const authorization = `Bearer ${await tokenFor(user)}`;
  return ask(path, { ...init, headers: { ...init.headers, authorization } });
}

/**
 * A fresh signature: nothing is kept, see the page's panel for developers.
 *
 * @param {string} user
 * @param {Record<string, unknown>} wanted
 */
export async function signatureFor(user, wanted) {
  const { signature } = await askAs(user, '/upload-signature', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
  });
  return signature;
}

/**
 * A page of the user's own uploads, newest first: `{ uploads, cursor }`.
 *
 * @param {string} user
 * @param {number} limit
 * @param {string} [cursor] of the page before
 */
export function listUploads(user, limit, cursor) {
  const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return askAs(user, `/uploads?limit=${limit}${after}`);
}

/**
 * One of the user's own uploads; `undefined` when it still has this version.
 *
 * @param {string} user
 * @param {string} fileId
 * @param {number} [version]
 */
export function readUpload(user, fileId, version) {
  // The ETag is the version in quotes.
  const headers = version === undefined ? {} : { 'if-none-match': `"${version}"` };
  return askAs(user, `/uploads/${fileId}`, { headers });
}

/**
 * Asks for the deletion of one of the user's own uploads. It is `deleted` when VOD says so.
 *
 * @param {string} user
 * @param {string} fileId
 */
export function deleteUpload(user, fileId) {
  return askAs(user, `/uploads/${fileId}`, { method: 'DELETE' });
}

/**
 * The URL that plays a file of the user's for the next hour: a signed one, or, where the deployment signs none, its own.
 *
 * @param {string} user
 * @param {{ fileId: string, url?: string }} upload
 * @returns {Promise<string>}
 */
export async function playbackUrl(user, { fileId, url }) {
  try {
    const { url: signedUrl = url } = await askAs(user, `/uploads/${fileId}/playback`);
    return signedUrl;
  } catch (error) {
    if (url !== undefined && error instanceof Refused && !error.hasRoute) return url;
    throw error;
  }
}

/** Where the local VOD is, and which procedures the policy allows. */
export function config() {
  return ask('/local/config');
}

/** The rows, newest first. */
export function rows() {
  return ask('/local/uploads');
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init) {
  const response = await fetch(path, init);
  if (response.status === 304) return undefined;
  if (response.status === 401) tokens.clear(); // of an issuer that was replaced
  const answer = await response.json();
  if (response.ok) return answer;
  // Ours are problem+json; what the gateway refuses by itself has a message.
  const { detail, title, message, errors = [] } = answer;
  throw new Refused(detail ?? title ?? message, errors, response.status !== 404 || message === undefined);
}
