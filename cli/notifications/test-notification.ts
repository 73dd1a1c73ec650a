import { randomUUID } from 'node:crypto';
import type { Notification } from '../../lib/notifications/announcement';
import { deliver, type Delivery } from '../../lib/notifications/delivery';

/** VOD gives no file this id: a receiver recognizes a test by it. */
export const TEST_FILE_ID = '0';

export interface TestDelivery {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly delivery: Delivery;
  readonly milliseconds: number;
}

/** Posts a test notification, which is about no real upload, to the app's server, signed and delivered as by `notify-app`. `now` returns milliseconds. */
export async function deliverTest(url: string, secrets: readonly string[], now: () => number): Promise<TestDelivery> {
  const timestamp = new Date(now()).toISOString();
  const notification: Notification = {
    type: 'upload.ready',
    timestamp,
    data: {
      fileId: TEST_FILE_ID,
      status: 'ready',
      version: 0,
      name: 'test',
      type: 'mp4',
      category: 'Video',
      createTime: timestamp,
      updatedAt: timestamp,
    },
  };
  const id = `msg_test_${randomUUID()}`;
  const begin = performance.now();
  const delivery = await deliver({ id, body: JSON.stringify(notification) }, { url, secrets, now, fetch });
  return { id, delivery, milliseconds: Math.round(performance.now() - begin) };
}

/** Formats the result of a delivery, such as `the receiver returned 500`. */
export function describeDelivery(delivery: Delivery): string {
  return delivery.outcome === 'failed' ? delivery.reason : `the receiver returned ${delivery.status}`;
}

/** Returns what to do about a delivery that was not accepted. */
export function adviseOn({ status }: Delivery): string {
  if (status === undefined) {
    return 'the URL must be reachable from the internet, with a valid certificate, and respond within 15 s: do slow work after the response';
  }
  if (status >= 300 && status < 400)
    return 'redirects are not followed: set NOTIFY_URL to the address that it leads to';
  if (status === 410) {
    return '410 means that the receiver no longer accepts webhooks, so they go to the dead-letter queue without a retry: return 2xx, or clear NOTIFY_URL and deploy';
  }
  if (status === 404 || status === 405)
    return 'no route takes a POST there: correct NOTIFY_URL and deploy, or add the route';
  if (status >= 400 && status < 500 && status !== 429) {
    return "it must verify the signature over the raw body, with this deployment's secret and a correct clock (docs/notifications.md), and ignore the file id 0";
  }
  return "read the receiver's log";
}
