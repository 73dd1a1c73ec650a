import { omitUndefined } from '../platform/omit-undefined';
import { boundedMeasure, boundedString, getObject, getString } from './wire';

type TextField = 'url' | 'name' | 'type' | 'category' | 'coverUrl' | 'createTime' | 'sourceType';
type Measure = 'size' | 'duration' | 'width' | 'height';

/** Media information under the row's attribute names: `size` in bytes, `duration` in seconds, `createTime` ISO 8601 in UTC. */
export type MediaInfo = Readonly<Partial<Record<TextField, string> & Record<Measure, number>>>;

export const MEDIA_FIELDS = [
  'url',
  'name',
  'type',
  'category',
  'size',
  'duration',
  'width',
  'height',
  'coverUrl',
  'createTime',
  'sourceType',
] as const satisfies readonly (keyof MediaInfo)[];

/**
 * Media information of an upload event's payload, or of an entry of DescribeMediaInfos with `BasicInfo` as
 * `MediaBasicInfo` (266/7830, 266/31763). Fields out of bounds are treated as missing; their names are added to
 * `droppedFields`.
 */
export function parseMediaInfo(payload: unknown, droppedFields: string[]): MediaInfo {
  const info = getBasicInfo(payload) ?? payload;
  const metaData = getObject(payload, 'MetaData') ?? payload;
  const text = (name: string) => boundedString(info, name, droppedFields);
  const measure = (name: string) => boundedMeasure(metaData, name, droppedFields);
  return omitUndefined({
    url: text('MediaUrl') ?? boundedString(payload, 'FileUrl', droppedFields),
    name: text('Name') ?? boundedString(payload, 'FileName', droppedFields),
    type: text('Type'),
    category: text('Category'),
    size: measure('Size') ?? measure('FileSize'),
    // 2.0 rounds `duration` and has the exact value in `floatDuration`.
    duration: measure('FloatDuration') ?? measure('Duration'),
    width: measure('Width'),
    height: measure('Height'),
    coverUrl: text('CoverUrl'),
    createTime: toUtc(text('CreateTime')),
    sourceType: boundedString(getSourceInfo(payload), 'SourceType', droppedFields)?.replace(
      /^(Client|Server)Upload$/,
      'Upload',
    ),
  });
}

/** The source context as VOD sends it. VOD's guide misprints the name as `SourceCopntext`; no such payload is known. */
export function parseSourceContext(payload: unknown, droppedFields: string[]): string | undefined {
  const source = getSourceInfo(payload);
  return (
    boundedString(source, 'SourceContext', droppedFields) ?? boundedString(source, 'SourceCopntext', droppedFields)
  );
}

/** Whether VOD refuses to distribute the file (`Forbidden`, or `SystemForbidden` in SearchMedia). */
export function isForbidden(payload: unknown): boolean {
  return getString(getBasicInfo(payload), 'Status')?.endsWith('Forbidden') === true;
}

/** Older revisions of PullComplete nest it in an object of the same name. */
function getBasicInfo(payload: unknown): object | undefined {
  const info = getObject(payload, 'MediaBasicInfo');
  return getObject(info, 'MediaBasicInfo') ?? info;
}

function getSourceInfo(payload: unknown): unknown {
  return getObject(getBasicInfo(payload), 'SourceInfo') ?? payload;
}

/**
 * An ISO 8601 time in UTC, because a time with an offset sorts wrongly as a string; without an offset it is UTC already.
 * `undefined` for anything else.
 */
export function toUtc(time: string | undefined): string | undefined {
  if (time === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time)) return undefined;
  const parsed = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
  return Number.isNaN(parsed) ? undefined : new Date(parsed).toISOString().replace('.000Z', 'Z');
}
