import { shownUrl } from '../network/shown-url';

/** The event configuration of the application, see DescribeEventConfig. */
export interface EventConfig {
  readonly mode: 'PUSH' | 'PULL';
  readonly url: string;
  readonly uploadSwitch: boolean;
  readonly deleteSwitch: boolean;
  readonly persistenceSwitch: boolean;
  readonly signKey: string;
}

/** Where events go, for the log: without the query of the URL, which may contain a token. */
export function describeConfig({ mode, url }: EventConfig): string {
  if (mode === 'PULL') return 'events wait for PullEvents';
  if (url === '') return 'events are not sent, NotificationUrl is empty';
  return `events are pushed to ${shownUrl(url)}`;
}
