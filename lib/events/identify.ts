import { asArray, asNumber, asString } from '../platform/json';
import { getField, getObject, getString } from '../vod/wire';
import { countableType, MAX_LOGGED_IDS, type RecordedEvent } from './ingest';

/** How VOD's file ids and task ids begin. Other text in these fields may come from an attacker, and is not logged. */
const LIKE_AN_ID = /^\d[\w-]{0,255}$/;

/**
 * Log fields of an event that was not recorded, for example because it is unreadable: its type, and the ids in their
 * documented places that match `loggable`.
 */
export function identifyMessage(message: unknown, loggable: RegExp = LIKE_AN_ID): Omit<RecordedEvent, 'outcome'> {
  const names = typeof message === 'object' && message !== null ? Object.keys(message) : [];
  const payloads = names.flatMap((name) => getObject(message, name) ?? []);
  const places = [message, ...payloads, ...payloads.flatMap((payload) => getObject(payload, 'Input') ?? [])];
  const idsIn = (fields: readonly string[]) => {
    const values = fields.flatMap((field) => places.map((place) => getField(place, field)));
    const texts = values.flatMap((id) => (Array.isArray(id) ? asArray(id) : [id])).flatMap((id) => toText(id) ?? []);
    return [...new Set(texts.filter((id) => loggable.test(id)))].slice(0, MAX_LOGGED_IDS);
  };
  return {
    ...countableType(getString(message, 'EventType') ?? ''),
    fileIds: idsIn(['FileId', 'FileIdSet']),
    taskIds: idsIn(['TaskId', 'VodTaskId', 'ProcedureTaskId']),
  };
}

/** VOD's ids are strings; a number is how others write one. */
function toText(id: unknown): string | undefined {
  return asNumber(id) === undefined ? asString(id) : String(id);
}
