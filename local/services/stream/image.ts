import { isDeepStrictEqual } from 'node:util';

/** An attribute value in DynamoDB's JSON, such as `{"S": "text"}`. */
export type AttributeValue = Readonly<Record<string, unknown>>;

/** An item in DynamoDB's JSON. */
export type Image = Readonly<Record<string, AttributeValue>>;

/** Whether two images are the same item: neither the order of attributes nor that of sets counts. */
export function isSameImage(a: Image | undefined, b: Image | undefined): boolean {
  return isDeepStrictEqual(sortSets(a), sortSets(b));
}

const SETS = new Set(['SS', 'NS', 'BS']);

function sortSets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortSets);
  if (typeof value !== 'object' || value === null) return value;
  const sortMember = ([name, member]: [string, unknown]): [string, unknown] =>
    SETS.has(name) && Array.isArray(member) ? [name, member.map(String).sort()] : [name, sortSets(member)];
  return Object.fromEntries(Object.entries(value).map(sortMember));
}
