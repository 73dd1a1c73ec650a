import type { Announcement } from './announcement';
import { signWebhook } from './signature';

/** The result of one delivery attempt. */
export type Delivery =
  | { readonly outcome: 'delivered'; readonly status: number }
  /** To be retried, not before `retryAfter` (seconds) if the receiver named a time. */
  | { readonly outcome: 'failed'; readonly status?: number; readonly reason: string; readonly retryAfter?: number }
  /** The receiver does not want to be called any more (410). */
  | { readonly outcome: 'gone'; readonly status: number };

export interface DeliveryDeps {
  readonly url: string;
  /** The first signs; all of them do while a secret rotates. */
  readonly secrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
}

/** How long a receiver may take to respond, in milliseconds. */
export const RESPONSE_TIMEOUT = 15_000;

/**
 * Posts an announcement to the app, signed as Standard Webhooks demands. 2xx within 15 s is success; a redirect is not
 * followed, and fails.
 */
export async function deliver({ id, body }: Announcement, deps: DeliveryDeps): Promise<Delivery> {
  const timestamp = Math.floor(deps.now() / 1000);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'vod-client-upload',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ id, timestamp, body }, deps.secrets),
  };
  try {
    const response = await deps.fetch(deps.url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
    });
    // The status decides: a body may be endless, or its connection cut.
    await response.body?.cancel().catch(() => undefined);
    const { status } = response;
    if (status >= 200 && status < 300) return { outcome: 'delivered', status };
    if (status === 410) return { outcome: 'gone', status };
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'), deps.now());
    const reason = `the receiver returned ${status}`;
    return { outcome: 'failed', status, reason, ...(retryAfter !== undefined && { retryAfter }) };
  } catch (error) {
    return { outcome: 'failed', reason: describeFailure(error) };
  }
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), in seconds from now. */
function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

function describeFailure(error: unknown): string {
  const name = textOf(error, 'name');
  if (name === 'TimeoutError') return `the receiver did not respond within ${RESPONSE_TIMEOUT / 1000} s`;
  const cause: unknown = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  return `the receiver could not be reached (${textOf(cause, 'code') ?? name ?? 'unknown reason'})`;
}

/** A property of an error, whatever class it is of: `fetch` throws errors of more than one. */
function textOf(error: unknown, name: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
