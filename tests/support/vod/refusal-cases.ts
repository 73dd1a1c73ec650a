import { apply, cos, sign, tc3, ugc, VIDEO } from './vod-client';
import {
  api,
  completeWith,
  listOf,
  local,
  MIB,
  plain,
  play,
  storage,
  unsigned,
  upload,
  withPath,
  type RefusalCase,
} from './refusal-requests';

// A request for each refusal of the local VOD that a client can cause.

const UPLOAD: readonly RefusalCase[] = [
  ['GET in place of POST', ({ port }) => plain(port, { host: 'vod2.qcloud.com', path: '/v3/index.php?Action=x' })],
  ['a body without signature', ({ port }) => upload(port, 'Apply', {})],
  ['a body over 1 MiB', ({ port }) => upload(port, 'Apply', { signature: 'x'.repeat(MIB) })],
  ['an unknown Action', ({ port }) => upload(port, 'Invented', { signature: sign() })],
  ['a wrong signature', ({ port }) => upload(port, 'Apply', { signature: sign({}, 'another key'), ...VIDEO })],
  [
    'an expired signature',
    ({ port }) => upload(port, 'Apply', { signature: sign({ currentTimeStamp: 1, expireTime: 2 }) }),
  ],
  [
    'a used one-time signature',
    async ({ port }) => {
      const signature = sign({ oneTimeValid: 1 });
      await ugc(port, 'Apply', { signature, ...VIDEO });
      return upload(port, 'Apply', { signature, ...VIDEO });
    },
  ],
  ['a cover of an unknown file', ({ port }) => upload(port, 'Apply', { signature: sign(), fileId: '1' })],
  ['a wrong region', ({ port }) => upload(port, 'Apply', { signature: sign(), ...VIDEO, storageRegion: 'A B' })],
  ['a name that is a number', ({ port }) => upload(port, 'Apply', { signature: sign(), ...VIDEO, videoName: 1 })],
  ['a missing type', ({ port }) => upload(port, 'Apply', { signature: sign(), videoName: 'a' })],
  ['an unsupported type', ({ port }) => upload(port, 'Apply', { signature: sign(), ...VIDEO, videoType: 'pdf' })],
  ['a forbidden character', ({ port }) => upload(port, 'Apply', { signature: sign(), ...VIDEO, videoName: 'a:b' })],
  [
    'a name of 201 bytes',
    ({ port }) => upload(port, 'Apply', { signature: sign(), ...VIDEO, videoName: 'a'.repeat(201) }),
  ],
  ['an unknown session', ({ port }) => upload(port, 'Commit', { signature: sign(), vodSessionKey: 'x' })],
  [
    'Commit of a file that was deleted',
    async ({ port }) => {
      const applied = await apply(port);
      const committed = { signature: sign(), vodSessionKey: applied.vodSessionKey };
      await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
      const { data } = await ugc(port, 'Commit', committed);
      await tc3(port, { action: 'DeleteMedia', body: JSON.stringify({ FileId: data.fileId }) });
      return upload(port, 'Commit', committed);
    },
  ],
  [
    'Commit before the upload',
    ({ port, other: { vodSessionKey } }) => upload(port, 'Commit', { signature: sign(), vodSessionKey }),
  ],
];

const STORAGE: readonly RefusalCase[] = [
  ['another bucket', (world) => unsigned(world, {}, 'other-1')],
  ['no Authorization', (world) => unsigned(world, {})],
  ['an AWS signature', (world) => unsigned(world, { authorization: 'AWS4-HMAC-SHA256 x' })],
  ['no token', (world) => unsigned(world, { authorization: 'q-ak=1' })],
  ['credentials of another VOD', (world) => storage(world, { path: '/' }, world.foreign)],
  [
    'an expired q-sign-time',
    (world) =>
      unsigned(world, {
        authorization: 'q-sign-time=1;2',
        'x-cos-security-token': world.applied.tempCertificate.token,
      }),
  ],
  [
    'another key id',
    (world) => {
      const tempCertificate = { ...world.applied.tempCertificate, secretId: 'AKID' };
      return storage(world, { path: world.applied.video.storagePath }, { ...world.applied, tempCertificate });
    },
  ],
  [
    'another secret key',
    (world) => {
      const tempCertificate = { ...world.applied.tempCertificate, secretKey: 'x' };
      return storage(world, { path: world.applied.video.storagePath }, { ...world.applied, tempCertificate });
    },
  ],
  ['a key of another session', (world) => storage(world, { path: world.other.video.storagePath })],
  ['an object that does not exist', (world) => storage(world, { path: world.applied.video.storagePath })],
  ['DELETE of an object', (world) => storage(world, { method: 'DELETE', path: world.applied.video.storagePath })],
  ['a list of objects', (world) => storage(world, { path: `/?prefix=${world.applied.video.storagePath.slice(1)}` })],
  [
    'a part number of 0',
    (world) => storage(world, { method: 'PUT', path: withPath(world, `partNumber=0&uploadId=${world.uploadId}`) }),
  ],
  [
    'an unknown uploadId',
    (world) => storage(world, { method: 'PUT', path: withPath(world, 'partNumber=1&uploadId=x') }),
  ],
  ['max-parts of 0', (world) => storage(world, { path: withPath(world, `max-parts=0&uploadId=${world.uploadId}`) })],
  ['a list of parts that is not XML', (world) => completeWith(world, 'x')],
  ['a list of parts over 4 MiB', (world) => completeWith(world, 'x'.repeat(4 * MIB + 1))],
  ['a part that is missing', (world) => completeWith(world, listOf(7))],
  ['parts in descending order', (world) => completeWith(world, listOf(2, 1))],
  ['a small part that is not the last', (world) => completeWith(world, listOf(1, 2))],
  [
    'a wrong Content-MD5',
    (world) =>
      storage(world, {
        method: 'PUT',
        path: world.applied.video.storagePath,
        body: 'a',
        headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
      }),
  ],
];

const MEDIA: readonly RefusalCase[] = [
  ['POST', ({ port, path }) => plain(port, { method: 'POST', path })],
  ['an unknown file', ({ port }) => plain(port, { path: '/media/1500000001/x/video.mp4' })],
  ['a forbidden file', ({ port, forbiddenPath }) => plain(port, { path: forbiddenPath })],
  ['a file without bytes', ({ port, emptyPath }) => plain(port, { path: emptyPath })],
  ['an output that was not made', ({ port, path }) => plain(port, { path: path.replace(/[^/]*$/, 'v.f100010.mp4') })],
  ['a range beyond the end', ({ port, path }) => plain(port, { path, headers: { range: 'bytes=999-' } })],
  ['a URL without sign', ({ lockedPort }) => plain(lockedPort, { path: '/media/x/y/video.mp4' })],
  ['a path that is not percent-encoded', ({ port }) => plain(port, { path: '/media/%zz' })],
  ['an unknown host and path', ({ port }) => plain(port, { path: '/nothing' })],
];

const PLAYBACK: readonly RefusalCase[] = [
  ['another path', ({ port }) => plain(port, { host: 'playvideo.qcloud.com', path: '/getplayinfo/v2/1' })],
  ['another appId', (world) => play(world, 'x', { appId: '1' })],
  ['no psign', (world) => play(world, '')],
  ['a psign that is not a JWT', (world) => play(world, 'x')],
  ['another algorithm', (world) => play(world, 'e30.e30.x')],
  ['a psign signed with another key', (world) => play(world, world.psign({}, 'x'))],
  ['a psign signed with the URL key', (world) => play(world, world.psign({}, 'url-key'), { port: world.subAppPort })],
  ['a VOD without player key', (world) => play(world, world.psign(), { port: world.lockedPort })],
  ['a claim that is missing', (world) => play(world, world.psign({ appId: undefined }))],
  ['an appId that is a string', (world) => play(world, world.psign({ appId: '1500000001' }))],
  ['a psign of another application', (world) => play(world, world.psign({ appId: 1 }))],
  ['a fileId that is a number', (world) => play(world, world.psign({ fileId: 1 }))],
  ['a psign of another file', (world) => play(world, world.psign({ fileId: '1' }))],
  ['an expired psign', (world) => play(world, world.psign({ expireTimeStamp: 1 }))],
  ['no contentInfo', (world) => play(world, world.psign({ contentInfo: undefined }))],
  ['an unknown type', (world) => play(world, world.psign({ contentInfo: { audioVideoType: 'x' } }))],
  ['urlAccessInfo that is a text', (world) => play(world, world.psign({ urlAccessInfo: 'x' }))],
  ['t in upper case', (world) => play(world, world.psign({ urlAccessInfo: { t: 'FF' } }))],
  ['rlimit of 10', (world) => play(world, world.psign({ urlAccessInfo: { rlimit: 10 } }))],
  ['exper of 1', (world) => play(world, world.psign({ urlAccessInfo: { exper: 1 } }))],
  [
    'exper over the duration',
    (world) =>
      play(world, world.psign({ fileId: world.emptyId, urlAccessInfo: { exper: 500 } }), { fileId: world.emptyId }),
  ],
  [
    'a file that does not exist',
    (world) => play(world, world.psign({ fileId: '1234567890123456789' }), { fileId: '1234567890123456789' }),
  ],
  [
    'an original that was deleted',
    (world) => play(world, world.psign({ fileId: world.originalDeletedId }), { fileId: world.originalDeletedId }),
  ],
  [
    'an output that was not made',
    (world) => play(world, world.psign({ contentInfo: { audioVideoType: 'Transcode', transcodeDefinition: 1 } })),
  ],
  [
    'an adaptive stream',
    (world) => play(world, world.psign({ contentInfo: { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 10 } })),
  ],
];

const API: readonly RefusalCase[] = [
  ['a body over 1 MiB', ({ port }) => api(port, { action: 'PullEvents', body: 'x'.repeat(MIB + 1) })],
  ['PUT', ({ port }) => api(port, { action: 'PullEvents', method: 'PUT' })],
  ['another signature method', ({ port }) => api(port, { action: 'PullEvents', authorization: 'x' })],
  ['no timestamp', ({ port }) => api(port, { action: 'PullEvents', time: NaN, date: '2026-01-01' })],
  ['a clock that is an hour slow', ({ port }) => api(port, { action: 'PullEvents', late: 3600 })],
  ['an unknown SecretId', ({ port }) => api(port, { action: 'PullEvents', secretId: 'AKIDx' })],
  ['headers that are not signed', ({ port }) => api(port, { action: 'PullEvents', signedHeaders: 'content-type' })],
  ['another date', ({ port }) => api(port, { action: 'PullEvents', date: '2020-01-01' })],
  ['another SecretKey', ({ port }) => api(port, { action: 'PullEvents', secretKey: 'x' })],
  ['another version', ({ port }) => api(port, { action: 'PullEvents', version: '2024-07-18' })],
  ['an unknown action', ({ port }) => api(port, 'Invented')],
  ['a body that is not an object', ({ port }) => api(port, { action: 'PullEvents', body: '[]' })],
  ['an unknown parameter', ({ port }) => api(port, 'SearchMedia', { Tags: [] })],
  ['no SubAppId', ({ subAppPort }) => api(subAppPort, 'PullEvents')],
  ['an unknown event handle', ({ port }) => api(port, 'ConfirmEvents', { EventHandles: ['x'] })],
  ['a SignKey with a hyphen', ({ port }) => api(port, 'ModifyEventConfig', { SignKey: 'a-b' })],
  ['a NotificationUrl that is not a URL', ({ port }) => api(port, 'ModifyEventConfig', { NotificationUrl: 'x' })],
  ['deletion of an unknown file', ({ port }) => api(port, 'DeleteMedia', { FileId: 'x' })],
  ['a part that is null', ({ port, fileId }) => api(port, 'DeleteMedia', { FileId: fileId, DeleteParts: [null] })],
  ['a missing parameter', ({ port }) => api(port, 'DeleteMedia')],
  ['a number for a string', ({ port }) => api(port, 'DeleteMedia', { FileId: 1 })],
  ['an unknown choice', ({ port }) => api(port, 'ModifyEventConfig', { Mode: 'BOTH' })],
  ['a string for an integer', ({ port }) => api(port, 'SearchMedia', { Limit: '1' })],
  ['an integer out of bounds', ({ port }) => api(port, 'SearchMedia', { Limit: -1 })],
  ['a string for an array', ({ port }) => api(port, 'SearchMedia', { FileIds: 'x' })],
  ['an array that is too long', ({ port }) => api(port, 'SearchMedia', { FileIds: Array(11).fill('x') })],
  ['Sort that is a string', ({ port }) => api(port, 'SearchMedia', { Sort: 'x' })],
  ['CreateTime that is a string', ({ port }) => api(port, 'SearchMedia', { CreateTime: 'x' })],
  ['a time that is not ISO 8601', ({ port }) => api(port, 'SearchMedia', { CreateTime: { After: 'x' } })],
  ['a page beyond 5000', ({ port }) => api(port, 'SearchMedia', { Offset: 5000, Limit: 1 })],
  ['processing of an unknown file', ({ port }) => api(port, 'ProcessMediaByProcedure', { FileId: 'x' })],
  [
    'processing without the original',
    ({ port, originalDeletedId }) => api(port, 'ProcessMediaByProcedure', { FileId: originalDeletedId }),
  ],
  ['an unknown ScrollToken', ({ port }) => api(port, 'DescribeTasks', { ScrollToken: 'x' })],
  ['an unknown task', ({ port }) => api(port, 'DescribeTaskDetail', { TaskId: 'x' })],
];

const LOCAL: readonly RefusalCase[] = [
  [
    'a page of another origin',
    ({ port }) => plain(port, { path: '/local/faults', headers: { origin: 'https://x.cn' } }),
  ],
  ['an unknown path', (world) => local(world, 'nothing', {})],
  ['POST of faults', (world) => local(world, 'faults', {})],
  ['a fault out of bounds', (world) => local(world, 'faults', { drop: 2 }, 'PUT')],
  ['GET of reset', ({ port }) => plain(port, { path: '/local/reset' })],
  ['a decision without a suggestion', (world) => local(world, 'review', { fileId: 'x' })],
  ['a decision about an unknown file', (world) => local(world, 'review', { fileId: 'x', suggestion: 'pass' })],
  ['a seed that is not JSON', (world) => local(world, 'seed', 'x')],
  ['a seed over 8 MiB', (world) => local(world, 'seed', ' '.repeat(8 * MIB + 1))],
  ['a size beside content', (world) => local(world, 'seed', { files: [{ size: 1, content: '' }] })],
  ['a task without a file', (world) => local(world, 'seed', { tasks: [{}] })],
  ['a task of an unknown file', (world) => local(world, 'seed', { tasks: [{ fileId: '1234567890123456789' }] })],
  ['a file that exists already', (world) => local(world, 'seed', { files: [{ fileId: world.fileId }] })],
  ['a task with an unknown procedure', (world) => local(world, 'seed', { files: [{}], tasks: [{ procedure: 'X' }] })],
  ['a procedure with a suggestion', (world) => local(world, 'seed', { tasks: [{ suggestion: 'pass' }] })],
  [
    'a review with a procedure',
    (world) => local(world, 'seed', { tasks: [{ type: 'ReviewAudioVideo', procedure: 'LongVideoPreset' }] }),
  ],
  [
    'a running task that has ended',
    (world) => local(world, 'seed', { tasks: [{ status: 'PROCESSING', finishTime: '2026-01-31T12:00:00Z' }] }),
  ],
  ['a task twice', (world) => local(world, 'seed', { files: [{}], tasks: [{ taskId: 'a' }, { taskId: 'a' }] })],
];

export const CASES = { UPLOAD, STORAGE, MEDIA, PLAYBACK, API, LOCAL } as const;
