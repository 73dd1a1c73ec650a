import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createReadStream } from 'node:fs';
import { StorageError, type Bucket } from './bucket';
import { allowAnyOrigin, readBody, reply, type Call } from './http';
import type { Session, State } from './state';
import { authorize } from './storage-credentials';

/** The bucket of all uploads; COS appends the AppId to the name. */
export const BUCKET = { name: 'local-vod', appId: 1250000001 };
const BUCKET_NAME = `${BUCKET.name}-${BUCKET.appId}`;

/** Of the list of 10 000 parts, in bytes. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;
const ROOT = 'CompleteMultipartUpload';
const PART = '<Part>';
const PART_END = '</Part>';
/** Of one part in that list, in characters: clients write about 100. */
const MAX_PART_LENGTH = 1000;

export const bucketHost = (region: string): string => `${BUCKET_NAME}.cos.${region}.myqcloud.com`;

interface CosDeps {
  readonly state: State;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** The object storage of the files: https://cloud.tencent.com/document/product/436/7751 */
export async function handleCos(call: Call, { state, now, log }: CosDeps): Promise<void> {
  call.response.setHeader('x-cos-request-id', randomBytes(12).toString('hex'));
  if (allowAnyOrigin(call)) return;
  try {
    if (!call.host.startsWith(`${BUCKET_NAME}.`)) {
      throw new StorageError(404, 'NoSuchBucket', `The bucket does not exist: it must be ${BUCKET_NAME}`);
    }
    if (isRegionProbe(call)) {
      reply(call.response, 200, '');
      return;
    }
    const key = decodeURIComponent(call.path).slice(1);
    const requestedKey = (key === '' ? call.query.get('prefix') : key) ?? '';
    const sessionKey = authorize(call, state.storageSecret, now());
    assertOwnFile(state.sessions.get(sessionKey), requestedKey, now());
    if (key === '') listUploads(call, state.bucket, requestedKey);
    else await runOperation(call, state.bucket, key, now());
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log(`storage ${call.method} ${call.path}: ${error.status} ${error.code}: ${error.message}`);
    const resource = escape(`${call.host}${call.path}`);
    const detail = `<Code>${error.code}</Code><Message>${escape(error.message)}</Message><Resource>${resource}</Resource>`;
    replyXml(call, error.status, `<Error>${detail}<RequestId/><TraceId/></Error>`);
  }
}

/** @throws StorageError if the temporary credentials of this session do not cover the key */
function assertOwnFile(session: Session | undefined, key: string, now: number): void {
  if (!session || session.expiresAt < now) {
    throw new StorageError(403, 'AccessDenied', 'Access Denied: the upload session of these credentials has ended');
  }
  const keys = [session.video?.key, session.cover?.key].filter((own) => own !== undefined);
  if (!keys.includes(key)) {
    const message = `Access Denied: these temporary credentials are for ${keys.join(' and ')} only`;
    throw new StorageError(403, 'AccessDenied', message);
  }
}

/**
 * With this request the Web SDK finds the nearest region. It ignores the status, but browsers print any status other than
 * 200 as an error.
 */
function isRegionProbe({ method, path, request: { headers } }: Call): boolean {
  return method === 'HEAD' && path === '/' && headers.authorization === undefined && headers.origin !== undefined;
}

async function runOperation(call: Call, bucket: Bucket, key: string, now: number): Promise<void> {
  const { request, response, query } = call;
  const uploadId = query.get('uploadId');
  const contentMd5 = request.headers['content-md5']?.toString();
  const names = `<Bucket>${BUCKET_NAME}</Bucket><Key>${escape(key)}</Key>`;
  const operation = `${call.method}${query.has('uploads') ? ' uploads' : ''}${uploadId === null ? '' : ' uploadId'}`;
  switch (operation) {
    case 'POST uploads': {
      const newUploadId = bucket.initiate(key, now);
      const result = `${names}<UploadId>${newUploadId}</UploadId>`;
      replyXml(call, 200, `<InitiateMultipartUploadResult>${result}</InitiateMultipartUploadResult>`);
      return;
    }
    case 'PUT uploadId': {
      const number = /^\d{1,5}$/.test(query.get('partNumber') ?? '') ? Number(query.get('partNumber')) : 0;
      if (number < 1 || number > 10_000) {
        throw new StorageError(400, 'InvalidArgument', 'partNumber must be an integer from 1 to 10000');
      }
      const etag = await bucket.putPart(key, uploadId ?? '', number, request, contentMd5);
      reply(response, 200, '', { etag: `"${etag}"` });
      return;
    }
    case 'GET uploadId': {
      await listParts(call, bucket, key, uploadId ?? '', names);
      return;
    }
    case 'POST uploadId': {
      const list = await readBody(request, MAX_LIST_BYTES);
      if (!list) throw new StorageError(400, 'EntityTooLarge', 'The list of parts must have at most 4 MiB');
      const parts = readPartList(list.toString('utf8'));
      const { etag } = await bucket.complete(key, uploadId ?? '', parts, now);
      const location = `http://${call.host}/${escape(key)}`;
      const result = `<Location>${location}</Location>${names}<ETag>&quot;${etag}&quot;</ETag>`;
      replyXml(call, 200, `<CompleteMultipartUploadResult>${result}</CompleteMultipartUploadResult>`);
      return;
    }
    case 'DELETE uploadId':
      bucket.abortFor(key, uploadId ?? '');
      reply(response, 204, '');
      return;
    case 'PUT': {
      const { etag } = await bucket.put(key, request, contentMd5, now);
      reply(response, 200, '', { etag: `"${etag}"` });
      return;
    }
    case 'GET':
    case 'HEAD': {
      const object = bucket.find(key);
      if (!object)
        throw new StorageError(404, 'NoSuchKey', 'The specified key does not exist: nothing was uploaded to it');
      const modified = new Date(object.modifiedAt).toUTCString();
      response.writeHead(200, { 'content-length': object.size, etag: `"${object.etag}"`, 'last-modified': modified });
      if (call.method === 'HEAD') response.end();
      else await pipeline(createReadStream(bucket.file(key)), response);
      return;
    }
    default:
      throw new StorageError(405, 'MethodNotAllowed', `The local VOD does not support ${operation} of an object`);
  }
}

function listUploads(call: Call, bucket: Bucket, key: string): void {
  if (call.method !== 'GET' || !call.query.has('uploads')) {
    throw new StorageError(
      405,
      'MethodNotAllowed',
      'The local VOD lists unfinished uploads only: GET /?uploads&prefix=<key>',
    );
  }
  const uploads = bucket
    .uploadsOf(key)
    .sort((a, b) => a.initiatedAt - b.initiatedAt)
    .map(({ uploadId, initiatedAt }) => {
      const initiated = new Date(initiatedAt).toISOString();
      const id = `<Key>${escape(key)}</Key><UploadId>${uploadId}</UploadId>`;
      return `<Upload>${id}<StorageClass>STANDARD</StorageClass><Initiated>${initiated}</Initiated></Upload>`;
    });
  const head = `<Bucket>${BUCKET_NAME}</Bucket><Prefix>${escape(key)}</Prefix><IsTruncated>false</IsTruncated>`;
  replyXml(call, 200, `<ListMultipartUploadsResult>${head}${uploads.join('')}</ListMultipartUploadsResult>`);
}

async function listParts(call: Call, bucket: Bucket, key: string, uploadId: string, names: string): Promise<void> {
  const after = Number(call.query.get('part-number-marker') ?? 0);
  const maxParts = call.query.get('max-parts') ?? '1000';
  if (!/^[1-9]\d*$/.test(maxParts))
    throw new StorageError(400, 'InvalidArgument', 'max-parts must be a positive integer');
  const pageSize = Math.min(Number(maxParts), 1000);
  const rest = (await bucket.parts(key, uploadId)).filter((part) => part.number > after);
  const page = rest.slice(0, pageSize).map(({ number, etag, size, modifiedAt }) => {
    const modified = `<LastModified>${new Date(modifiedAt).toISOString()}</LastModified>`;
    const content = `<ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size>`;
    return `<Part><PartNumber>${number}</PartNumber>${modified}${content}</Part>`;
  });
  const next =
    rest.length > pageSize ? `<NextPartNumberMarker>${rest[pageSize - 1]?.number ?? 0}</NextPartNumberMarker>` : '';
  const head = `${names}<UploadId>${uploadId}</UploadId><IsTruncated>${rest.length > pageSize}</IsTruncated>${next}`;
  replyXml(call, 200, `<ListPartsResult>${head}${page.join('')}</ListPartsResult>`);
}

/**
 * Reads a CompleteMultipartUpload document, the only XML that clients send, in linear time.
 *
 * @throws StorageError if the document contains anything else
 */
export function readPartList(xml: string): { number: number; etag: string }[] {
  const list = listOf(xml.trim());
  const parts: { number: number; etag: string }[] = [];
  let position = 0;
  for (;;) {
    const start = list.indexOf(PART, position);
    if (list.slice(position, start === -1 ? undefined : start).trim() !== '') throw malformed();
    if (start === -1) break;
    const end = list.indexOf(PART_END, start);
    if (end === -1) throw malformed();
    parts.push(readPart(list.slice(start + PART.length, end)));
    position = end + PART_END.length;
  }
  if (parts.length === 0) throw malformed();
  return parts;
}

/** The content of the root element. */
function listOf(xml: string): string {
  const declarationEnd = xml.startsWith('<?xml') ? xml.indexOf('?>') + '?>'.length : 0;
  const root = xml.slice(declarationEnd).trimStart();
  const contentStart = root.indexOf('>') + 1;
  if (!root.startsWith(`<${ROOT}`) || contentStart === 0 || !root.endsWith(`</${ROOT}>`)) throw malformed();
  return root.slice(contentStart, -`</${ROOT}>`.length);
}

function readPart(part: string): { number: number; etag: string } {
  const text = part.length > MAX_PART_LENGTH ? '' : part;
  const number = /<PartNumber>\s*(\d{1,5})\s*<\/PartNumber>/.exec(text)?.[1];
  const etag = /<ETag>\s*(?:"|&quot;|&#34;)?([0-9a-f]{32})(?:"|&quot;|&#34;)?\s*<\/ETag>/i.exec(text)?.[1];
  if (number === undefined || etag === undefined) throw malformed();
  return { number: Number(number), etag: etag.toLowerCase() };
}

function malformed(): StorageError {
  const example = `<${ROOT}><Part><PartNumber>1</PartNumber><ETag>"..."</ETag></Part></${ROOT}>`;
  return new StorageError(400, 'MalformedXML', `Not a ${ROOT} document: the body must have the form ${example}`);
}

function replyXml({ response }: Call, status: number, xml: string): void {
  reply(response, status, `<?xml version="1.0" encoding="UTF-8" ?>${xml}`, { 'content-type': 'application/xml' });
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
