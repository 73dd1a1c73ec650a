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

/** `not-found`: VOD does not have the file; an Error: VOD refused the call or did not answer it. */
export type FileAnswer = DescribedFile | 'not-found' | Error;

const NO_ANSWER = new VodError('DescribeMediaInfos', 'its answer is incomplete about this file', 'IncompleteAnswer');

/**
 * VOD's answers about at most {@link MAX_FILES_PER_CALL} files, by id (DescribeMediaInfos, 266/31763); `sealKeys` open the
 * source contexts. A refused call is split in halves, so that one id does not block the others; also one with a code that is
 * usually about no file, once two single files show that others are answered. A file that the answer
 * neither describes nor lists as missing, or describes without BasicInfo or an empty one, gets an error (`IncompleteAnswer`).
 */
export async function describeFiles(
  vod: Pick<VodApi, 'DescribeMediaInfos'>,
  fileIds: readonly string[],
  sealKeys: readonly string[],
): Promise<ReadonlyMap<string, FileAnswer>> {
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
 * Whether a call was refused because of some of its ids. A VOD that fails by itself, or refuses the account, refuses any
 * call: then the first and the last file alone get no answer, either.
 */
async function concernsIds(
  error: Error,
  fileIds: readonly string[],
  describe: (ids: readonly string[]) => Promise<ReadonlyMap<string, FileAnswer>>,
): Promise<boolean> {
  if (codeOf(error) === undefined || isRateError(error)) return false;
  if (!isTransient(error) && !isAccountError(error)) return true;
  const ends = [fileIds.slice(0, 1), fileIds.slice(-1)];
  const answers = await Promise.all(ends.map(describe));
  return answers.some((answer) => ![...answer.values()].every((one) => one instanceof Error));
}

async function describeAtOnce(
  vod: Pick<VodApi, 'DescribeMediaInfos'>,
  fileIds: readonly string[],
  sealKeys: readonly string[],
): Promise<ReadonlyMap<string, FileAnswer>> {
  const answer = await vod.DescribeMediaInfos({
    FileIds: [...fileIds],
    Filters: ['basicInfo', 'metaData', 'reviewInfo'],
  });
  const answers = new Map<string, FileAnswer>(fileIds.map((fileId) => [fileId, NO_ANSWER]));
  for (const fileId of getArray(answer, 'NotExistFileIdSet')) {
    if (typeof fileId === 'string' && answers.has(fileId)) answers.set(fileId, 'not-found');
  }
  for (const info of getArray(answer, 'MediaInfoSet')) {
    const described = parseMedia(info, sealKeys);
    if (described && answers.has(described.fileId)) answers.set(described.fileId, described);
  }
  return answers;
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
