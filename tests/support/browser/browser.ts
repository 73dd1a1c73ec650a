import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

export { launchBrowser } from '../../../local/browser';

/** Waits until an expression is true. Playwright's own way needs eval, which a CSP refuses. */
export async function becomesTrue(page: Page, expression: string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    if (await page.evaluate<boolean>(expression)) return;
    await sleep(100);
  }
  throw new Error(`Never true: ${expression}`);
}
