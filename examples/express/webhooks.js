import { raw, Router } from 'express';
import { Webhook } from 'standardwebhooks';

/** `POST /webhooks/vod`, for the backend's NOTIFY_URL: calls `handle` once for each genuine webhook. */
export function createWebhookRoute(secret, handle) {
  const webhook = new Webhook(secret);
  const handledIds = new Set(); // in your app: a table with a unique key, written in the transaction of `handle`

  return Router().post('/webhooks/vod', raw({ type: '*/*' }), async (request, response) => {
    let notification;
    try {
      notification = webhook.verify(request.body, request.headers);
    } catch {
      return response.sendStatus(401);
    }
    const id = request.headers['webhook-id'];
    if (!handledIds.has(id)) {
      await handle(notification); // if it throws, the response is 500 and the backend retries
      handledIds.add(id);
    }
    response.sendStatus(204);
  });
}
