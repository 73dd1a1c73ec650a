import { createHash, randomBytes } from 'node:crypto';
import { BUCKET, bucketHost } from './cos';
import { diagnoseSignature } from './diagnosis/diagnose';
import { allowAnyOrigin, jsonObject, readBody, replyJson, whyNotJsonObject, type Call } from './http';
import type { Library } from './library';
import { newFileId, newKey } from './media-keys';
import type { Procedures } from './procedures';
import { APP_ID, SESSION_LIFETIME_MS, type Session, type State } from './state';
import { issue } from './storage-credentials';
import { checkFileName, checkFileType } from './upload-rules';
import { invalidRequest, readSignature, UploadError, type Keys, type UploadSignature } from './upload-signature';
import { DEFAULT_REGION, NEVER_EXPIRES, type Uploads } from './uploads';

export const UGC_ACTIONS = ['PrepareUploadUGC', 'ApplyUploadUGC', 'CommitUploadUGC'] as const;

interface UgcDeps {
  readonly state: State;
  readonly library: Library;
  readonly uploads: Uploads;
  readonly procedures: Procedures;
  readonly keys: Keys;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

type Body = Record<string, unknown>;

/** The three calls of an upload: Prepare, Apply, Commit. As with VOD, a refusal has status 200 and a code. */
export async function handleUgc(call: Call, deps: UgcDeps): Promise<void> {
  if (allowAnyOrigin(call)) return;
  const action = call.query.get('Action') ?? '';
  try {
    const bytes = await readBody(call.request);
    const body = jsonObject(bytes);
    if (call.method !== 'POST') throw invalidRequest(`the method must be POST, not ${call.method}`);
    if (!body) throw invalidRequest(whyNotJsonObject(bytes));
    if (typeof body['signature'] !== 'string') throw invalidRequest('"signature" must be a string');
    const signature = body['signature'];
    const signed = readSigned(deps, signature);
    const data = await run(deps, action, body, signature, signed);
    replyJson(call.response, 200, { code: 0, message: '成功', data });
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    const hint = error.message.endsWith(error.hint) ? '' : `: ${error.hint}`;
    deps.log(`${action}: ${error.code} ${error.message}${hint}`);
    replyJson(call.response, 200, { code: error.code, message: error.message, hint: error.hint });
  }
}

/** Reads a signature. If it is refused, the error's message ends with the reason. */
function readSigned({ keys, now }: UgcDeps, signature: string): UploadSignature {
  try {
    return readSignature(signature, keys, now());
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    const keyPairs = Array.from(keys, ([secretId, secretKey]) => ({ secretId, secretKey }));
    const diagnosis = diagnoseSignature(signature, { keyPairs, nowSeconds: Math.floor(now() / 1000) });
    const hint = diagnosis.violations[0]?.message ?? error.hint;
    throw new UploadError(error.code, `${error.message}: ${hint}`, hint);
  }
}

async function run(
  deps: UgcDeps,
  action: string,
  body: Body,
  signature: string,
  signed: UploadSignature,
): Promise<unknown> {
  switch (action) {
    case 'PrepareUploadUGC':
      return prepare();
    case 'ApplyUploadUGC': {
      const sessionKey = getString(body, 'vodSessionKey') || randomBytes(32).toString('hex');
      useSignature(deps, signature, signed, sessionKey, false);
      return apply(deps, body, signed, sessionKey);
    }
    case 'CommitUploadUGC': {
      const sessionKey = getString(body, 'vodSessionKey');
      useSignature(deps, signature, signed, sessionKey, true);
      return commit(deps, sessionKey);
    }
    default:
      throw invalidRequest(`unknown Action "${action}": must be one of: ${UGC_ACTIONS.join(', ')}`);
  }
}

/**
 * A one-time signature is used up when it arrives, whether the request succeeds or not.
 * The native SDKs send one string in Apply and in Commit, so Commit accepts the signature that its own session used.
 */
function useSignature(
  { state }: UgcDeps,
  signature: string,
  signed: UploadSignature,
  sessionKey: string,
  isCommit: boolean,
): void {
  if (!signed.oneTimeValid) return;
  const id = createHash('sha1').update(signature).digest('hex');
  const used = state.usedSignatures.get(id);
  if (used && !(isCommit && used.sessionKey === sessionKey)) {
    const hint = 'this one-time signature was used before; get a new one';
    throw new UploadError(10004, `duplicate vod signature: ${hint}`, hint);
  }
  if (!used) state.usedSignatures.set(id, { sessionKey, expireTime: signed.expireTime });
}

function prepare(): unknown {
  const regions = [DEFAULT_REGION, 'ap-guangzhou'];
  return {
    appId: APP_ID,
    cosRegionList: regions.map((region) => ({ region, domain: bucketHost(region), isAcc: 0, ip: '' })),
  };
}

function apply(deps: UgcDeps, body: Body, signed: UploadSignature, sessionKey: string): unknown {
  const { state, now } = deps;
  const isResumed = getString(body, 'vodSessionKey') !== '';
  const session = isResumed ? getSession(deps, sessionKey) : newSession(deps, body, signed);
  if (!isResumed) state.sessions.set(sessionKey, session);
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
    tempCertificate: issue(state.storageSecret, sessionKey, now()),
    appId: APP_ID,
    timestamp: Math.floor(now() / 1000),
  };
}

/** With `fileId`, Apply announces a new cover of an existing file, else a video and perhaps its cover. */
function newSession(deps: UgcDeps, body: Body, signed: UploadSignature): Session {
  const existing = getString(body, 'fileId');
  if (existing !== '' && !deps.state.media.get(existing)) {
    throw invalidRequest(`fileId must be a file of the library: there is no file ${existing}`);
  }
  const fileId = existing || newFileId();
  const video = existing === '' ? announcedFile(body, 'video', fileId) : undefined;
  const isCoverAnnounced = existing !== '' || getString(body, 'coverType') !== '';
  const cover = isCoverAnnounced ? announcedFile(body, 'cover', fileId) : undefined;
  const region = signed.storageRegion || getString(body, 'storageRegion') || DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,40}$/.test(region))
    throw invalidRequest(`storageRegion must be a region such as ap-guangzhou, not "${region}"`);
  return {
    fileId,
    signed,
    storageRegion: region,
    expiresAt: deps.now() + SESSION_LIFETIME_MS,
    expireTime: getString(body, 'ExpireTime') || NEVER_EXPIRES,
    ...deps.procedures.newTaskIds(video ? signed.procedure : ''),
    committed: false,
    ...(video && { video }),
    ...(cover && { cover }),
  };
}

/** Name and type stay as the client sends them. The key in the storage does not contain the name. */
function announcedFile(
  body: Body,
  kind: 'video' | 'cover',
  fileId: string,
): { readonly key: string; readonly name: string; readonly type: string } {
  const type = getString(body, `${kind}Type`);
  const name = getString(body, `${kind}Name`);
  checkFileType(kind, type);
  checkFileName(`${kind}Name`, name);
  return { key: newKey(fileId, kind, type), type, name };
}

async function commit(deps: UgcDeps, sessionKey: string): Promise<unknown> {
  const { state, library, uploads } = deps;
  const session = getSession(deps, sessionKey);
  const { fileId, video, cover } = session;
  for (const file of [video, cover]) {
    if (file && !state.bucket.find(file.key))
      throw invalidRequest(`nothing was uploaded to ${file.key}: upload it before Commit`);
  }
  if ((session.committed || !video) && !state.media.get(fileId)) throw invalidRequest(`the file ${fileId} was deleted`);
  const picture = await uploads.inspect(session);
  // A client that did not get the response commits again: the file is added once.
  if (state.sessions.get(sessionKey)?.committed === false) {
    state.transact(() => {
      uploads.commit(session, picture);
      state.sessions.set(sessionKey, { ...session, committed: true });
    });
  }
  return {
    fileId,
    ...(video ? { video: { url: library.url(video.key), verify_content: '' } } : {}),
    ...(cover ? { cover: { url: library.url(cover.key) } } : {}),
  };
}

function getSession({ state, now }: UgcDeps, sessionKey: string): Session {
  const session = state.sessions.get(sessionKey);
  if (!session || session.expiresAt < now()) {
    throw invalidRequest('vodSessionKey is unknown or older than a day: call ApplyUploadUGC without it');
  }
  return session;
}

/** Returns '' for a property that is missing or null. */
function getString(body: Body, name: string): string {
  const value = body[name] ?? '';
  if (typeof value !== 'string') throw invalidRequest(`${name} must be a string`);
  return value;
}
