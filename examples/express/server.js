import { randomBytes } from 'node:crypto';
import express from 'express';
import session from 'express-session';
import { createIssuer } from './issuer.js';
import { createWebhookRoute } from './webhooks.js';
import { getOpenId } from './wechat.js';

const { PORT = '4000', JWT_ISSUER, JWT_AUDIENCE, NOTIFY_SECRET } = process.env;

// Demo users with their passwords. Your app has a login of its own: keep it, and add `/api/token`.
const passwords = new Map(Object.entries({ alice: 'alice-demo', bob: 'bob-demo' }));

const issuer = await createIssuer({ url: JWT_ISSUER, audience: JWT_AUDIENCE, keyFile: 'private-key.pem' });
const videos = new Map(); // by fileId; in your app: a table

/** Called once for each webhook. Webhooks may arrive out of order: the newest version is kept. */
function saveVideo({ type, data: { fileId, version, uploader } }) {
  if (version <= (videos.get(fileId)?.version ?? 0)) return; // a test webhook has version 0
  videos.set(fileId, { type, version, uploader });
  console.log(type, fileId, uploader);
}

const app = express();
app.use(issuer.routes);
app.use(createWebhookRoute(NOTIFY_SECRET, saveVideo)); // before express.json(): it needs the raw body
app.use(express.json());
app.use(
  session({
    secret: randomBytes(32).toString('hex'), // in production: from your secret store, and `store` for the sessions
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: 'lax', secure: 'auto' }, // behind a TLS proxy: app.set('trust proxy', 1)
  }),
);

app.post('/api/login', (request, response, next) => {
  const { name, password } = request.body ?? {};
  const isUser = passwords.has(name) && passwords.get(name) === password;
  if (!isUser) return response.status(401).json({ message: 'Wrong name or password' });
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = name;
    response.json({ user: name });
  });
});

app.post('/api/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.json({})));
});

// The front end requests a token here, and a new one if the backend refuses it.
app.post('/api/token', async (request, response) => {
  const { user } = request.session;
  if (user === undefined) return response.status(401).json({ message: 'Log in first' });
  response.json({ user, token: await issuer.issueToken(user) });
});

// For a mini program: a token for the code of wx.login.
app.post('/api/wechat/token', async (request, response) => {
  const openId = await getOpenId(request.body?.code);
  if (openId === undefined) return response.status(401).json({ message: 'WeChat refused the code' });
  response.json({ token: await issuer.issueToken(`wechat:${openId}`) }); // in your app: your id of this user
});

// The passwords of the demo users are public, so only this machine can connect.
app.listen(PORT, 'localhost', (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${PORT}`);
});
