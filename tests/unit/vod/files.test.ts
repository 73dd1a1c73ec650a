import { codeOf } from '../../../lib/vod/api';
import { describeFiles } from '../../../lib/vod/files';
import { seal } from '../../../lib/vod/source-context';
import { modelFile } from '../../support/unit/service';
import { fakeVod, refusal, vodModel } from '../../support/unit/vod-model';

const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const respond = (response: unknown) => fakeVod({ DescribeMediaInfos: () => response });
const incomplete = expect.objectContaining({ code: 'IncompleteResponse' });

describe('describeFiles', () => {
  test('returns a file that VOD describes, with its opened source context and its review', async () => {
    const sourceContext = seal('order=7', 'user-42', true, 'key');
    const vod = vodModel([
      {
        fileId: '7',
        basicInfo: {
          CreateTime: '2026-11-22T16:00:00+08:00',
          MediaUrl: 'http://v/f0.mp4',
          Status: 'Forbidden',
          SourceInfo: { SourceType: 'Upload', SourceContext: sourceContext },
        },
        metaData: { Size: 10, Duration: 0 },
        reviewInfo: {
          MediaReviewInfo: { Suggestion: 'pass' },
          CoverReviewInfo: { Suggestion: 'block', TypeSet: ['Ad'] },
        },
        tasks: [],
      },
    ]);
    expect((await describeFiles(vod.api, ['7'], ['key'])).get('7')).toEqual({
      fileId: '7',
      media: { url: 'http://v/f0.mp4', size: 10, createTime: '2026-11-22T08:00:00Z', sourceType: 'Upload' },
      context: { seal: 'valid', uploader: 'user-42', sourceContext: 'order=7', signedProcedure: true },
      isForbidden: true,
      review: { suggestion: 'block', label: 'Ad' },
    });
    expect(vod.calls[0]?.request).toMatchObject({ Filters: ['basicInfo', 'metaData', 'reviewInfo'] });
  });

  test('a file that VOD does not have is "not-found"', async () => {
    expect(await describeFiles(vodModel().api, ['7'], [])).toEqual(new Map([['7', 'not-found']]));
  });

  test.each<[string, unknown]>([
    ['H5: BasicInfo is null', { MediaInfoSet: [{ FileId: '7', BasicInfo: null }] }],
    ['BasicInfo is missing', { MediaInfoSet: [{ FileId: '7' }] }],
    ['BasicInfo is empty', { MediaInfoSet: [{ FileId: '7', BasicInfo: {} }] }],
    ['the file is in neither set', { MediaInfoSet: [{ FileId: '8', BasicInfo: {} }], NotExistFileIdSet: [] }],
    ['both sets are null', { MediaInfoSet: null, NotExistFileIdSet: null }],
    ['the response is null', null],
    ['FileId is a number', { MediaInfoSet: [{ FileId: 7, BasicInfo: {} }], NotExistFileIdSet: [7] }],
  ])('there is no response about a file where %s', async (_, response) => {
    expect(await describeFiles(respond(response), ['7'], [])).toEqual(new Map([['7', incomplete]]));
  });

  test('null sections are absent sections', async () => {
    const info = { FileId: '7', BasicInfo: { SourceInfo: null }, MetaData: null, ReviewInfo: null };
    expect((await describeFiles(respond({ MediaInfoSet: [info] }), ['7'], [])).get('7')).toEqual({
      fileId: '7',
      media: {},
      context: undefined,
      isForbidden: false,
    });
  });

  test('files that were not requested are ignored', async () => {
    const response = { MediaInfoSet: [{ FileId: '8', BasicInfo: {} }], NotExistFileIdSet: ['9', '7'] };
    expect(await describeFiles(respond(response), ['7'], [])).toEqual(new Map([['7', 'not-found']]));
  });

  test('H1: ids that are names of Object.prototype are ids like any other', async () => {
    const names = Object.getOwnPropertyNames(Object.prototype);
    const responses = await describeFiles(vodModel().api, names, []);
    expect([...responses]).toEqual(names.map((name) => [name, 'not-found']));
  });
});

describe('H2: describeFiles, a call that VOD refuses', () => {
  function refusing(code: string, isRefused: (request: string) => boolean = () => true) {
    const vod = vodModel(ids(20).map((fileId) => modelFile(fileId)));
    vod.failWith((action, request) => {
      if (isRefused(JSON.stringify(request))) throw refusal(action, code);
    });
    return vod;
  }

  test.each(ids(20).filter((_, index) => index % 7 === 0))(
    'a refusal of the id %s affects no other file',
    async (bad) => {
      const vod = refusing('InvalidParameterValue.FileId', (request) => request.includes(`"${bad}"`));
      const responses = await describeFiles(vod.api, ids(20), []);
      const failed = [...responses].filter(([, response]) => response instanceof Error);
      expect(failed).toEqual([[bad, expect.objectContaining({ code: 'InvalidParameterValue.FileId' })]]);
      expect(responses.size).toBe(20);
      expect(vod.calls.length).toBeLessThanOrEqual(11);
    },
  );

  test('a refusal of every id costs at most 39 calls, and every file has its error', async () => {
    const vod = refusing('FailedOperation');
    const responses = await describeFiles(vod.api, ids(20), []);
    expect([...responses.values()].map(codeOf)).toEqual(ids(20).map(() => 'FailedOperation'));
    expect(vod.calls.length).toBeLessThanOrEqual(39);
  });

  const ABOUT_NO_FILE = [
    'AuthFailure.SignatureFailure',
    'AuthFailure.SecretIdNotFound',
    'UnauthorizedOperation',
    'FailedOperation.InvalidVodUser',
    'FailedOperation.InvalidAccount',
    'InternalError',
    'InternalError.Unknown',
  ];

  test.each(ABOUT_NO_FILE)(
    'a refusal with %s, which VOD returns for any call, costs two more calls about single files',
    async (code) => {
      const vod = refusing(code);
      const responses = await describeFiles(vod.api, ids(20), []);
      expect(vod.calls).toHaveLength(3);
      expect([...responses.values()].map(codeOf)).toEqual(ids(20).map(() => code));
    },
  );

  test.each([...ABOUT_NO_FILE, 'FailedOperation', 'LimitExceeded', 'ResourceUnavailable', 'constructor'])(
    'a refusal with %s because of one id affects no other file, wherever the id stands',
    async (code) => {
      for (const bad of ids(20)) {
        const vod = refusing(code, (request) => request.includes(`"${bad}"`));
        const responses = await describeFiles(vod.api, ids(20), []);
        const failed = [...responses].filter(([, response]) => response instanceof Error);
        expect(failed).toEqual([[bad, expect.objectContaining({ code })]]);
        expect(vod.calls.length).toBeLessThanOrEqual(21);
      }
    },
  );

  test.each(['RequestLimitExceeded', 'RequestLimitExceeded.UinLimitExceeded'])(
    'a call refused with %s is not split',
    async (code) => {
      const vod = refusing(code);
      const responses = await describeFiles(vod.api, ids(20), []);
      expect(vod.calls).toHaveLength(1);
      expect([...responses.values()].map(codeOf)).toEqual(ids(20).map(() => code));
    },
  );

  test('a call without a response is not split', async () => {
    const error = new Error('connect ECONNREFUSED');
    const vod = vodModel();
    vod.failWith(() => {
      throw error;
    });
    expect(await describeFiles(vod.api, ids(20), [])).toEqual(new Map(ids(20).map((fileId) => [fileId, error])));
    expect(vod.calls).toHaveLength(1);
  });
});
