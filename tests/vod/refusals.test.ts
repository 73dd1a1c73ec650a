import { request } from 'node:http';
import type { Vod } from '../../local/vod/server';
import { refusalSites } from '../support/vod/refusal-sites';
import {
  apiClient,
  apply,
  cleanUp,
  cos,
  cosAuthorization,
  initiate,
  putPart,
  start,
  tag,
  upload,
} from '../support/vod/vod-client';
import { psignOf } from '../support/vod/vod-playback';
import { CASES } from '../support/vod/refusal-cases';
import { PARTS, type World } from '../support/vod/refusal-requests';

// Each refusal of the local VOD has its reason in the response and in the log.

const PLAYER_KEY = 'player-key';
const URL_KEY = 'url-key';

/** Refusals that no request here causes. */
const UNREACHED: readonly string[] = [
  'Your proposed upload exceeds the maximum allowed object size, 5 GiB in one request', // it would take minutes
  'the payload is not a JSON object', // the library that signs refuses to
];

const lines: string[] = [];
/** The reasons in all responses. */
const reasons: string[] = [];
const log = (line: string) => lines.push(line);
let vod: Vod;
let world: World;

beforeAll(async () => {
  vod = await start({ log, playerKey: PLAYER_KEY });
  const { port } = vod;
  const locked = await start({ log, urlKey: URL_KEY });
  const subApp = await start({ log, subAppIds: [1500000001], playerKey: PLAYER_KEY, urlKey: URL_KEY });
  const { fileId, video } = await upload(port);
  const forbidden = await upload(port);
  const withoutOriginal = await upload(port);
  const client = apiClient(port);
  await client.ForbidMediaDistribution({ FileIds: [forbidden.fileId], Operation: 'forbid' });
  const DeleteParts = [{ Type: 'OriginalFiles', Definition: 0 }];
  await client.DeleteMedia({ FileId: withoutOriginal.fileId, DeleteParts });
  const empty = vod.put({ name: 'a', type: 'mp4', size: 1, sourceContext: '', duration: 100 });
  const { MediaInfoSet } = await client.DescribeMediaInfos({ FileIds: [empty.fileId] });
  const applied = await apply(port);
  const uploadId = await initiate(port, applied);
  for (const [index, part] of PARTS.entries()) await putPart(port, applied, uploadId, index + 1, part);
  const pathOf = (url = '') => new URL(url).pathname;
  world = {
    port,
    lockedPort: locked.port,
    subAppPort: subApp.port,
    fileId,
    path: pathOf(video.url),
    forbiddenPath: pathOf(forbidden.video.url),
    emptyId: empty.fileId,
    emptyPath: pathOf(MediaInfoSet?.[0]?.BasicInfo?.MediaUrl),
    originalDeletedId: withoutOriginal.fileId,
    applied,
    other: await apply(port),
    foreign: await apply(subApp.port),
    uploadId,
    psign: (changed, key = PLAYER_KEY) => psignOf(fileId, Date.now(), { ...changed }, key),
  };
});
afterAll(cleanUp);

describe.each(Object.entries(CASES))(
  'the local VOD (%s) gives the reason in the response and in the log when it refuses',
  (_, cases) => {
    test.each(cases)('%s', async (_title, refuse) => {
      const before = lines.length;
      const reason = await refuse(world);
      expect(reason.length).toBeGreaterThan(10);
      expect(lines.slice(before).filter((line) => line.includes(reason))).toHaveLength(1);
      reasons.push(reason);
    });
  },
);

test('an upload that a reset interrupts is refused with the reason, and so is the next one of its session', async () => {
  const own = await start({ log });
  const applied = await apply(own.port);
  const options = { method: 'PUT', path: applied.video.storagePath };
  const interrupted = await new Promise<string>((resolve, reject) => {
    const headers = {
      host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
      authorization: cosAuthorization(applied, options),
      'x-cos-security-token': applied.tempCertificate.token,
    };
    const outgoing = request({ ...options, host: '127.0.0.1', port: own.port, headers }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    });
    outgoing.on('error', reject);
    outgoing.write('abc');
    setTimeout(() => {
      own.reset();
      outgoing.end();
    }, 200);
  });
  const next = await cos(own.port, applied, { ...options, body: 'abc' });
  const messages = [interrupted, next.text].map((xml) => tag(xml, 'Message')[0] ?? '');
  expect(messages).toEqual([
    expect.stringContaining('everything was removed during this request'),
    expect.stringContaining('the upload session of these credentials has ended'),
  ]);
  for (const message of messages) expect(lines.filter((line) => line.includes(message))).toHaveLength(1);
  reasons.push(...messages);
});

test('a call that the fault "api" makes fail has that reason in the response and in the log', async () => {
  const own = await start({ log, faults: { api: 1 } });
  const reason = 'The fault "api" made this call fail';
  await expect(apiClient(own.port).PullEvents({})).rejects.toThrow(reason);
  expect(lines.at(-1)).toContain(reason);
  reasons.push(reason);
});

test('every refusal in the source of the local VOD is tested here', () => {
  const missing = refusalSites().filter(({ text }) => !reasons.some((reason) => reason.includes(text)));
  expect(missing.filter(({ text }) => !UNREACHED.includes(text))).toEqual([]);
});
