import { createHash, randomBytes, randomInt } from 'node:crypto';
import { BUCKET, bucketHost } from './cos';
import { allowAnyOrigin, jsonObject, readBody, replyJson, type Call } from './http';
import type { Library } from './library';
import { taskIdFor } from './procedures';
import { APP_ID, type Session, type State } from './state';
import { issue } from './storage-credentials';
import { invalidRequest, readSignature, UploadError, type Keys, type UploadSignature } from './upload-signature';

const DAY = 24 * 60 * 60 * 1000;
const DEFAULT_REGION = 'ap-chongqing';

interface Ugc {
  readonly state: State;
  readonly library: Library;
  readonly keys: Keys;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

type Body = Record<string, unknown>;

/** The three calls around an upload: Prepare, Apply, Commit. Every refusal is HTTP 200 with a code, as VOD does it. */
export async function ugc(call: Call, vod: Ugc): Promise<void> {
  if (allowAnyOrigin(call)) return;
  const action = call.query.get('Action') ?? '';
  try {
    const body = jsonObject(await readBody(call.request));
    if (call.method !== 'POST' || !body) throw invalidRequest('not a POST of a JSON object');
    if (typeof body['signature'] !== 'string') throw invalidRequest('the body has no signature');
    const signature = body['signature'];
    const signed = readSignature(signature, vod.keys, vod.now());
    const data = await run(vod, action, body, signature, signed);
    replyJson(call.response, 200, { code: 0, message: '成功', data });
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    vod.log(`${action}: ${error.code} ${error.message}: ${error.hint}`);
    replyJson(call.response, 200, { code: error.code, message: error.message, hint: error.hint });
  }
}

async function run(vod: Ugc, action: string, body: Body, signature: string, signed: UploadSignature): Promise<unknown> {
  switch (action) {
    case 'PrepareUploadUGC':
      return prepare();
    case 'ApplyUploadUGC': {
      const sessionKey = text(body, 'vodSessionKey') || randomBytes(32).toString('hex');
      use(vod, signature, signed, sessionKey, false);
      return apply(vod, body, signed, sessionKey);
    }
    case 'CommitUploadUGC': {
      const sessionKey = text(body, 'vodSessionKey');
      use(vod, signature, signed, sessionKey, true);
      return commit(vod, sessionKey);
    }
    default:
      throw invalidRequest(`no such Action: "${action}"`);
  }
}

/**
 * A one-time signature is used up when it arrives, whatever becomes of the request.
 * The native SDKs send one string in Apply and in Commit, so Commit takes what its own session used.
 */
function use(vod: Ugc, signature: string, signed: UploadSignature, sessionKey: string, again: boolean): void {
  if (!signed.oneTimeValid) return;
  const id = createHash('sha1').update(signature).digest('hex');
  const used = vod.state.usedSignatures.get(id);
  if (used && !(again && used.sessionKey === sessionKey)) {
    throw new UploadError(10004, 'duplicate vod signature', 'a one-time signature was used again; get a new one');
  }
  if (!used) vod.state.usedSignatures.set(id, { sessionKey, expireTime: signed.expireTime });
}

function prepare(): unknown {
  const regions = [DEFAULT_REGION, 'ap-guangzhou'];
  return {
    appId: APP_ID,
    cosRegionList: regions.map((region) => ({ region, domain: bucketHost(region), isAcc: 0, ip: '' })),
  };
}

function apply(vod: Ugc, body: Body, signed: UploadSignature, sessionKey: string): unknown {
  const { state } = vod;
  const resumed = text(body, 'vodSessionKey') !== '';
  const session = resumed ? openSession(vod, sessionKey) : newSession(vod, body, signed);
  if (!resumed) state.sessions.set(sessionKey, session);
  const { video, cover, storageRegion } = session;
  const storage = (file: { key: string } | undefined): object | undefined =>
    file && { storageSignature: '', storagePath: `/${file.key}` };
  return {
    video: storage(video),
    cover: storage(cover),
    storageAppId: BUCKET.appId,
    storageBucket: BUCKET.name,
    storageRegion,
    storageRegionV5: storageRegion,
    StorageRegionV5: storageRegion,
    domain: bucketHost(storageRegion),
    vodSessionKey: sessionKey,
    tempCertificate: issue(state.storageSecret, sessionKey, vod.now()),
    appId: APP_ID,
    timestamp: Math.floor(vod.now() / 1000),
  };
}

function newSession(vod: Ugc, body: Body, signed: UploadSignature): Session {
  const changed = text(body, 'fileId');
  if (changed !== '' && !vod.state.media.get(changed))
    throw invalidRequest(`no file ${changed} to change the cover of`);
  // Real ids have 19 digits and begin so.
  const fileId = changed || `5285890${String(randomInt(1e12)).padStart(12, '0')}`;
  const video = file(body, 'video', fileId);
  const cover = file(body, 'cover', fileId);
  if (changed === '' ? !video : !cover) throw invalidRequest('neither a video nor a new cover of a file is announced');
  const region = signed.storageRegion || text(body, 'storageRegion') || DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,40}$/.test(region)) throw invalidRequest(`no such storageRegion: "${region}"`);
  return {
    fileId,
    signed,
    storageRegion: region,
    expiresAt: vod.now() + DAY,
    expireTime: text(body, 'ExpireTime') || '9999-12-31T23:59:59Z',
    taskId: video && signed.procedure ? taskIdFor() : '',
    committed: false,
    ...(video && changed === '' ? { video } : {}),
    ...(cover ? { cover } : {}),
  };
}

/** Name and type are kept as the client says; in the storage the file has a name of ours. */
function file(body: Body, kind: 'video' | 'cover', fileId: string): Session['video'] {
  const type = text(body, `${kind}Type`);
  if (type === '') return undefined;
  const extension = /^[A-Za-z0-9]{1,10}$/.test(type) ? type.toLowerCase() : 'bin';
  const directory = `${createHash('sha1').update(fileId).digest('hex').slice(0, 8)}${fileId}`;
  const key = `${APP_ID}/${directory}/${kind}-${randomBytes(6).toString('hex')}.${extension}`;
  return { key, type, name: text(body, `${kind}Name`) };
}

async function commit(vod: Ugc, sessionKey: string): Promise<unknown> {
  const { state, library } = vod;
  const session = openSession(vod, sessionKey);
  const { fileId, video, cover } = session;
  for (const file of [video, cover]) {
    if (file && !state.bucket.find(file.key))
      throw invalidRequest(`the storage has no ${file.key}: nothing was uploaded`);
  }
  if ((session.committed || !video) && !state.media.get(fileId)) throw invalidRequest(`the file ${fileId} was deleted`);
  const found = await library.inspect(session);
  // A client that lost the answer commits again: nothing happens twice.
  if (state.sessions.get(sessionKey)?.committed === false) {
    state.together(() => {
      library.add(session, found);
      state.sessions.set(sessionKey, { ...session, committed: true });
    });
  }
  return {
    fileId,
    ...(video ? { video: { url: library.url(video.key), verify_content: '' } } : {}),
    ...(cover ? { cover: { url: library.url(cover.key) } } : {}),
  };
}

function openSession(vod: Ugc, sessionKey: string): Session {
  const session = vod.state.sessions.get(sessionKey);
  if (!session || session.expiresAt < vod.now()) throw invalidRequest('vodSessionKey is unknown, or older than a day');
  return session;
}

function text(body: Body, name: string): string {
  const value = body[name] ?? '';
  if (typeof value !== 'string') throw invalidRequest(`${name} is not a string`);
  return value;
}
