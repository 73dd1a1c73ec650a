import type { EventQueue } from '../event-queue';
import type { FaultInjector } from '../faults';
import type { Library } from '../library';
import type { Notifications } from '../notifications';
import type { PlaybackKeys } from '../playback-keys';
import type { Procedures } from '../procedures';
import type { State } from '../state';
import type { Keys } from '../upload-signature';
import type { Parameters } from './parameters';

export interface ApiDeps {
  readonly state: State;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly notifications: Notifications;
  readonly queue: EventQueue;
  readonly faults: FaultInjector;
  readonly keys: Keys;
  readonly playbackKeys: PlaybackKeys;
  /** Scheme and host of the media URLs. */
  readonly origin: string;
  readonly subAppIds: readonly number[] | undefined;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** One action of the server API: the parameters that it knows, and what it does with them. */
export interface Action {
  readonly parameters: readonly string[];
  readonly run: (deps: ApiDeps, parameters: Parameters) => object | Promise<object>;
}
