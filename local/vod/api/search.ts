import { categoryOf } from '../media-types';
import type { Media } from '../state';
import type { Action, ApiDeps } from './deps';
import { mediaInfo } from './media';
import { getArray, getInteger, getSort, getStrings, getTimeRange, invalidValue, type Parameters } from './parameters';

const MAX_RESULTS = 5000;
const DEFAULT_LIMIT = 10;

interface TextFilter {
  readonly maxValues: number;
  readonly matches: (media: Media, value: string) => boolean;
}

/** A file matches a filter if it matches one of the filter's values. */
const TEXT_FILTERS: Readonly<Record<string, TextFilter>> = {
  FileIds: { maxValues: 10, matches: (media, id) => media.fileId === id },
  Names: { maxValues: 10, matches: (media, name) => media.name.includes(name) },
  NamePrefixes: { maxValues: 10, matches: (media, prefix) => media.name.startsWith(prefix) },
  Categories: { maxValues: 10, matches: (media, category) => categoryOf(media.type) === category },
  SourceTypes: { maxValues: 10, matches: (_, type) => type === 'Upload' },
  StorageRegions: { maxValues: 20, matches: (media, region) => media.storageRegion === region },
  MediaTypes: { maxValues: 10, matches: (media, type) => media.type === type },
  Status: {
    maxValues: 10,
    matches: (media, status) => status === (media.isForbidden === true ? 'Forbidden' : 'Normal'),
  },
};

export const SearchMedia: Action = {
  parameters: [...Object.keys(TEXT_FILTERS), 'ClassIds', 'CreateTime', 'Sort', 'Offset', 'Limit', 'Filters'],
  run: searchMedia,
};

function searchMedia(deps: ApiDeps, parameters: Parameters): object {
  const offset = getInteger(parameters, 'Offset', 0, MAX_RESULTS) ?? 0;
  const limit = getInteger(parameters, 'Limit', 0, MAX_RESULTS) ?? DEFAULT_LIMIT;
  if (offset + limit > MAX_RESULTS) throw invalidValue('Limit', `Offset + Limit must be at most ${MAX_RESULTS}`);
  const { from, to } = getTimeRange(parameters, 'CreateTime', 'inclusive');
  const conditions = parseConditions(parameters);
  const { isAscending } = getSort(parameters, ['CreateTime']);
  const matchingMedia = deps.state.mediaByCreateTime
    .range(from, to)
    .filter((media) => deps.library.isVisible(media) && conditions.every((matches) => matches(media)));
  if (!isAscending) matchingMedia.reverse();
  const filters = getStrings(parameters, 'Filters', 20);
  return {
    TotalCount: Math.min(matchingMedia.length, MAX_RESULTS),
    MediaInfoSet: matchingMedia.slice(offset, offset + limit).map((media) => mediaInfo(deps, media, filters)),
  };
}

function parseConditions(parameters: Parameters): ((media: Media) => boolean)[] {
  const conditions = Object.entries(TEXT_FILTERS).flatMap(([name, { maxValues, matches }]) => {
    const values = getStrings(parameters, name, maxValues);
    return values ? [(media: Media) => values.some((value) => matches(media, value))] : [];
  });
  const classIds = getArray(parameters, 'ClassIds', 10, 'number');
  if (classIds) conditions.push((media) => classIds.includes(media.classId));
  return conditions;
}
