import { timingSafeEqual } from 'node:crypto';

/** Whether two strings are the same, in a time that does not tell where they differ (only whether their lengths do). */
export function timingSafeEqualStrings(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
