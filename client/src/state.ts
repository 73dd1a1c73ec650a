import type { Snapshot, UploadState } from './types';

const SENDING: readonly UploadState[] = ['preparing', 'uploading'];
const BUSY: readonly UploadState[] = [...SENDING, 'finishing'];

/**
 * The state machine: from which states each state can be entered. The states that are not listed are the backend's final
 * ones, which follow `processing`.
 */
const FROM: Readonly<Partial<Record<UploadState, readonly UploadState[]>>> = {
  waiting: ['paused', 'error'],
  preparing: ['waiting'],
  uploading: SENDING,
  paused: ['waiting', ...SENDING],
  finishing: SENDING,
  processing: [...BUSY, 'processing', 'error'],
  error: [...BUSY, 'processing'],
  cancelled: ['waiting', 'paused', ...BUSY, 'processing', 'error'],
};

/** Whether the upload has or waits for one of the places in the queue. */
export function needsPlace({ state }: Snapshot): boolean {
  return state === 'waiting' || BUSY.includes(state);
}

/** Whether the backend's final status is known. */
export function isFinal({ state }: Snapshot): boolean {
  return !FROM[state];
}

/** The properties that a snapshot gets when its state is entered. */
export type Facts = Partial<Omit<Snapshot, 'state' | 'total'>>;

/** The next snapshot, or the same object if `state` cannot be entered from there. */
export function enter(snapshot: Snapshot, state: UploadState, facts?: Facts): Snapshot {
  if (!(FROM[state] ?? ['processing']).includes(snapshot.state)) return snapshot;
  // Speed and error belong to one state only.
  return { ...snapshot, speed: undefined, remaining: undefined, error: undefined, ...facts, state };
}
