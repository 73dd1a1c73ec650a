/** What the backend refused, in its own words. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {readonly { path: string, message: string }[]} members what is wrong with which member
   */
  constructor(message, members) {
    super(message);
    this.members = members;
  }
}

/**
 * Logs a user in: on this machine any name is accepted.
 *
 * @param {string} user
 */
async function tokenFor(user) {
  const { token } = await ask('/local/token', { method: 'POST', body: JSON.stringify({ sub: user }) });
  return token;
}

/**
 * A fresh signature: nothing is kept, see the page's panel for developers.
 *
 * @param {string} user
 * @param {Record<string, unknown>} wanted
 */
export async function signatureFor(user, wanted) {
  const { signature } = await ask('/upload-signature', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenFor(user)}` },
    body: JSON.stringify(wanted),
  });
  return signature;
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
  const answer = await response.json();
  // Ours are problem+json; what the gateway refuses by itself has a message.
  if (!response.ok) throw new Refused(answer.detail ?? answer.title ?? answer.message, answer.errors ?? []);
  return answer;
}
