import { DELETABLE_PARTS, deleteMedia as deleteFromLibrary } from '../deletion';
import { isObject } from '../http';
import { toIsoTime } from '../media-view';
import type { DeletedPart } from '../messages';
import type { Media, MediaReview } from '../state';
import type { Action, ApiDeps } from './deps';
import { ApiError } from './error';
import {
  getArray,
  getChoice,
  getInteger,
  getString,
  getStrings,
  invalidValue,
  requireParameter,
  type Parameters,
} from './parameters';

const MAX_FILES_PER_CALL = 20;
const REVIEW_DEFINITION = 10;

export const DescribeMediaInfos: Action = { parameters: ['FileIds', 'Filters'], run: describeMediaInfos };
export const DeleteMedia: Action = { parameters: ['FileId', 'DeleteParts'], run: deleteMedia };
export const ForbidMediaDistribution: Action = { parameters: ['FileIds', 'Operation'], run: forbidMediaDistribution };

/** A file as DescribeMediaInfos and SearchMedia return it. Without filters it has all sections. */
export function mediaInfo({ library, procedures }: ApiDeps, media: Media, filters: readonly string[] = []): object {
  const { FileId, BasicInfo, MetaData } = library.viewForApi(media);
  const isWanted = (name: string): boolean => filters.length === 0 || filters.includes(name);
  const transcoded = isWanted('transcodeInfo') ? procedures.transcodedOutputs(media) : [];
  return {
    FileId,
    BasicInfo: isWanted('basicInfo') ? BasicInfo : null,
    MetaData: isWanted('metaData') ? MetaData : null,
    TranscodeInfo: transcoded.length > 0 ? { TranscodeSet: transcoded } : null,
    ReviewInfo: isWanted('reviewInfo') && media.review ? reviewInfo(media.review) : null,
  };
}

function reviewInfo({ suggestion, types, time }: MediaReview): object {
  return {
    MediaReviewInfo: {
      Definition: REVIEW_DEFINITION,
      Suggestion: suggestion,
      TypeSet: types,
      ReviewTime: toIsoTime(time),
    },
    CoverReviewInfo: null,
  };
}

function describeMediaInfos(deps: ApiDeps, parameters: Parameters): object {
  const ids = getFileIds(parameters);
  const filters = getStrings(parameters, 'Filters', 20);
  const files: Media[] = [];
  const notExist: string[] = [];
  for (const id of ids) {
    const media = deps.state.media.get(id);
    if (media && deps.library.isVisible(media)) files.push(media);
    else notExist.push(id);
  }
  return {
    MediaInfoSet: files.map((media) => mediaInfo(deps, media, filters)),
    NotExistFileIdSet: notExist,
  };
}

function deleteMedia(deps: ApiDeps, parameters: Parameters): object {
  const id = requireParameter(getString(parameters, 'FileId'), 'FileId');
  const media = deps.state.media.get(id);
  if (!media) throw new ApiError('ResourceNotFound', `There is no file ${id}`);
  const parts = getArray(parameters, 'DeleteParts', 10, 'object') ?? [];
  deleteFromLibrary(deps, media, parts.map(toDeletedPart));
  return {};
}

function toDeletedPart(part: unknown): DeletedPart {
  if (!isObject(part)) throw invalidValue('DeleteParts', '`DeleteParts` must contain objects');
  return {
    Type: requireParameter(getChoice(part, 'Type', DELETABLE_PARTS), 'DeleteParts.Type'),
    Definition: getInteger(part, 'Definition', 0) ?? 0,
  };
}

function forbidMediaDistribution({ state, library }: ApiDeps, parameters: Parameters): object {
  const ids = getFileIds(parameters);
  const operation = requireParameter(getChoice(parameters, 'Operation', ['forbid', 'recover']), 'Operation');
  for (const id of ids) library.update(id, { isForbidden: operation === 'forbid' });
  return { NotExistFileIdSet: ids.filter((id) => !state.media.get(id)) };
}

function getFileIds(parameters: Parameters): string[] {
  return [...new Set(requireParameter(getStrings(parameters, 'FileIds', MAX_FILES_PER_CALL), 'FileIds'))];
}
