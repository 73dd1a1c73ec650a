import { createUploads } from '@vod-client-upload/client';

// The SDK has Tencent's hosts built in. In development its requests go to the local VOD.
if (import.meta.env.DEV) {
  const { mapHosts } = await import('@vod-client-upload/client/local-vod');
  mapHosts(import.meta.env.VITE_LOCAL_VOD_URL);
}

/** Calls your own server, which knows by its session cookie who is logged in. */
async function post(path, body = {}) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const result = await response.json().catch(() => ({ message: `The server responded with ${response.status}` }));
  if (!response.ok) throw new Error(result.message);
  return result;
}

export const logIn = (form) => post('/api/login', Object.fromEntries(form)).then(() => location.reload());
export const logOut = () => post('/api/logout').then(() => location.reload());
/** The user who is logged in, and a JWT. */
export const getSession = () => post('/api/token');

let token;
export const uploads = createUploads({
  url: import.meta.env.VITE_BACKEND_URL,
  async token({ refresh }) {
    if (refresh || token === undefined) ({ token } = await getSession());
    return token;
  },
});
