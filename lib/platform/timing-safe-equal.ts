import { timingSafeEqual } from 'node:crypto';

/** Whether two strings are the same, in constant time for strings of one length. */
export function timingSafeEqualStrings(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
