import { omitUndefined } from '../platform/omit-undefined';
import { worstReview, parseReview, type Review } from './task';
import { codeOf, isAccountError, isRateError, isTransient, VodError, type VodApi } from './api';
import { isForbidden, parseMediaInfo, parseSourceContext, toUtc, type MediaInfo } from './media';
import { open, type OpenedSourceContext } from './source-context';
import { getArray, getField, getObject, getString } from './wire';

/** How many files one DescribeMediaInfos takes (266/31763). */
export const MAX_FILES_PER_CALL = 20;

/** A file as VOD describes it, without its tasks. */
export interface DescribedFile {
  readonly fileId: string;
  readonly media: MediaInfo;
  readonly context: OpenedSourceContext | undefined;
  readonly isForbidden: boolean;
  /** `ReviewInfo`: VOD's review of the file, including a reviewer's decision. */
  readonly review?: Review;
  /** When VOD reviewed the file, ISO 8601. */
  readonly reviewTime?: string;
}

/** `not-found`: VOD does not have the file; an Error: VOD refused the call or did not respond. */
export type FileResponse = DescribedFile | 'not-found' | Error;

const INCOMPLETE_RESPONSE = new VodError(
  'DescribeMediaInfos',
  'the response is incomplete about this file',
  'IncompleteResponse',
);

/**
 * VOD's responses about at most {@link MAX_FILES_PER_CALL} files, by id (DescribeMediaInfos, 266/31763); `sealKeys`
 * open the source contexts. A refused call is split in halves, so that one id does not block the others; also one with
 * a code that is usually about no file, once a single file shows that other calls succeed. A file that the response
 * neither describes nor lists as missing, or describes without BasicInfo or with an empty one, gets an error
 * (`IncompleteResponse`).
 */
export async function describeFiles(
  vod: Pick<VodApi, 'DescribeMediaInfos'>,
  fileIds: readonly string[],
  sealKeys: readonly string[],
): Promise<ReadonlyMap<string, FileResponse>> {
  try {
    return await describeAtOnce(vod, fileIds, sealKeys);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const describe = (ids: readonly string[]) => describeFiles(vod, ids, sealKeys);
    const isAboutIds = fileIds.length > 1 && (await concernsIds(error, fileIds, describe));
    if (!isAboutIds) return new Map(fileIds.map((fileId) => [fileId, error]));
    const half = Math.ceil(fileIds.length / 2);
    const [first, second] = await Promise.all([describe(fileIds.slice(0, half)), describe(fileIds.slice(half))]);
    return new Map([...first, ...second]);
  }
}

/**
 * Whether a call was refused because of some of its ids. A VOD that fails by itself, or refuses the account, refuses
 * any call: then a call for the first or the last file alone fails, too.
 */
async function concernsIds(
  error: Error,
  fileIds: readonly string[],
  describe: (ids: readonly string[]) => Promise<ReadonlyMap<string, FileResponse>>,
): Promise<boolean> {
  if (codeOf(error) === undefined || isRateError(error)) return false;
  if (!isTransient(error) && !isAccountError(error)) return true;
  const ends = [fileIds.slice(0, 1), fileIds.slice(-1)];
  const responses = await Promise.all(ends.map(describe));
  return responses.some((response) => ![...response.values()].every((one) => one instanceof Error));
}

async function describeAtOnce(
  vod: Pick<VodApi, 'DescribeMediaInfos'>,
  fileIds: readonly string[],
  sealKeys: readonly string[],
): Promise<ReadonlyMap<string, FileResponse>> {
  const response = await vod.DescribeMediaInfos({
    FileIds: [...fileIds],
    Filters: ['basicInfo', 'metaData', 'reviewInfo'],
  });
  const responses = new Map<string, FileResponse>(fileIds.map((fileId) => [fileId, INCOMPLETE_RESPONSE]));
  for (const fileId of getArray(response, 'NotExistFileIdSet')) {
    if (typeof fileId === 'string' && responses.has(fileId)) responses.set(fileId, 'not-found');
  }
  for (const info of getArray(response, 'MediaInfoSet')) {
    const described = parseMedia(info, sealKeys);
    if (described && responses.has(described.fileId)) responses.set(described.fileId, described);
  }
  return responses;
}

function parseMedia(info: unknown, sealKeys: readonly string[]): DescribedFile | undefined {
  const fileId = getString(info, 'FileId');
  const basicInfo = getObject(info, 'BasicInfo');
  // Every file has a creation time at least: VOD sends an empty section when it has no information now.
  if (fileId === undefined || !basicInfo || Object.keys(basicInfo).length === 0) return undefined;
  // In the shape of an upload event, so that one parser reads both.
  const payload = { MediaBasicInfo: basicInfo, MetaData: getObject(info, 'MetaData') };
  const sourceContext = parseSourceContext(payload, []);
  const reviewInfo = getField(info, 'ReviewInfo');
  const review = parseReviewInfo(reviewInfo);
  return {
    fileId,
    media: parseMediaInfo(payload, []),
    context: sourceContext === undefined ? undefined : open(sourceContext, sealKeys),
    isForbidden: isForbidden(payload),
    ...(review && { review, ...omitUndefined({ reviewTime: parseReviewTime(reviewInfo) }) }),
  };
}

/** When the file was reviewed last. */
function parseReviewTime(reviewInfo: unknown): string | undefined {
  return toUtc(getString(getObject(reviewInfo, 'MediaReviewInfo'), 'ReviewTime'));
}

/** The worse of the reviews of the file and of its cover. */
function parseReviewInfo(reviewInfo: unknown): Review | undefined {
  return worstReview(
    ['MediaReviewInfo', 'CoverReviewInfo'].map((name) => {
      const info = getObject(reviewInfo, name);
      const [label] = getArray(info, 'TypeSet');
      return parseReview({ Suggestion: getField(info, 'Suggestion'), Label: label });
    }),
  );
}
