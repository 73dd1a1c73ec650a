import { setTimeout as sleep } from 'node:timers/promises';

/** @throws Error after 20 s */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`Not true after 20 s: ${String(isTrue)}`);
    await sleep(50);
  }
}
