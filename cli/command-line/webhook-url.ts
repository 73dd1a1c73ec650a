import { UsageError } from './usage-error';

/**
 * Checks the value of `--url`: a webhook other than the stack's own, such as one behind a custom domain.
 *
 * @throws UsageError for a text that is not an http(s) URL, or where events are pulled
 */
export function parseWebhookUrl(url: string | undefined, mode: 'PUSH' | 'PULL'): string | undefined {
  if (url === undefined) return undefined;
  if (!(URL.canParse(url) && /^https?:/.test(url))) {
    throw new UsageError('--url must be the URL of the webhook, https://.../vod-events');
  }
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') throw new UsageError('--url must not contain a user or password');
  if (mode === 'PULL') throw new UsageError('EVENT_MODE is pull, so there is no webhook: remove --url');
  return url;
}
