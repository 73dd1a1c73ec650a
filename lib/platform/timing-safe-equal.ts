import { timingSafeEqual } from 'node:crypto';

/** Whether two strings are the same, in constant time for strings of one length. */
export function timingSafeEqualStrings(a: string, b: string): boolean {
  const first = Buffer.from(a);
  const right = Buffer.from(b);
  return first.length === right.length && timingSafeEqual(first, right);
}
