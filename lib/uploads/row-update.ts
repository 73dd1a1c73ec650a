import { isDeepStrictEqual } from 'node:util';
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { MAX_NEWS, toItem, type Item, type Row } from './row';

/**
 * The write that changes `before` to `after`, if the row still has the version of `before`.
 *
 * @param now ISO 8601
 */
export function updateBetween(
  tableName: string,
  before: Row | undefined,
  after: Row,
  now: string,
): UpdateItemCommandInput {
  const old: Item = before ? toItem(before) : {};
  const { fileId, ...next } = toItem(after);
  const changed = Object.entries(next).filter(([name, value]) => !isDeepStrictEqual(old[name], value));
  const removed = Object.keys(old).filter((name) => !Object.hasOwn(next, name) && name !== 'fileId');
  const appended = appendedNews(before, changed, removed);
  const set = appended ? {} : Object.fromEntries(changed);
  if (!appended) set['version'] = (before?.version ?? 0) + 1;
  set['updatedAt'] = now;

  const { names, values, placeName: name, placeValue: value } = placeholders();
  const assignments = Object.entries(set).map(([attribute, content]) => `${name(attribute)} = ${value(content)}`);
  if (appended && appended.length > 0) {
    assignments.push(`${name('_news')} = list_append(${name('_news')}, ${value(appended)})`);
  }
  const conditions: string[] = [];
  if (appended) {
    conditions.push(`${name('trust')} = ${value('pushed')}`);
    // Without entries, a full list dropped them, so only the version grows. If the list has room by now, the write conflicts.
    const hasRoom = appended.length > 0;
    const size = `size(${name('_news')})`;
    conditions.push(hasRoom ? `${size} <= ${value(MAX_NEWS - appended.length)}` : `${size} >= ${value(MAX_NEWS)}`);
    conditions.push(...appended.map((entry) => `NOT contains(${name('_news')}, ${value(entry)})`));
  } else {
    conditions.push(before ? `${name('version')} = ${value(before.version)}` : 'attribute_not_exists(fileId)');
  }
  const sections = [
    `SET ${assignments.join(', ')}`,
    ...(removed.length > 0 ? [`REMOVE ${removed.map(name).join(', ')}`] : []),
    ...(appended ? [`ADD ${name('version')} ${value(1)}`] : []),
  ];
  return {
    TableName: tableName,
    Key: marshall({ fileId }),
    UpdateExpression: sections.join(' '),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    // Rows keep numbers up to 2^53, one more than the marshaller accepts as safe.
    ExpressionAttributeValues: marshall(values, { allowImpreciseNumbers: true, removeUndefinedValues: true }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/**
 * The entries of {@link Row.news} that a write appends, if it changes nothing else in a row that already waits for
 * verification; empty where only the version grows. Such a write does not compare versions, so concurrent ones do not
 * conflict. `undefined` for any other write.
 */
function appendedNews(
  before: Row | undefined,
  changed: readonly (readonly [name: string, value: unknown])[],
  removed: readonly string[],
): readonly string[] | undefined {
  if (before?.trust !== 'pushed' || before.news.length === 0 || removed.length > 0) return undefined;
  const [first, ...others] = changed;
  if (first === undefined) return [];
  const [name, news] = first;
  const isGrown = name === '_news' && Array.isArray(news) && before.news.every((entry, i) => entry === news[i]);
  return isGrown && others.length === 0 ? news.slice(before.news.length).map(String) : undefined;
}

/** Collects the names and values of an expression; `placeName` and `placeValue` return the placeholders. */
function placeholders() {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    names,
    values,
    placeName: (attribute: string): string => {
      const key = `#${Object.keys(names).length}`;
      names[key] = attribute;
      return key;
    },
    placeValue: (content: unknown): string => {
      const key = `:${Object.keys(values).length}`;
      values[key] = content;
      return key;
    },
  };
}
