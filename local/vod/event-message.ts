/** One event to be sent: `current` is format 3.0, `legacy` is format 2.0 where that format has such an event. */
export interface Message {
  readonly current: { readonly EventType: EventType; readonly [member: string]: unknown };
  readonly legacy?: object;
}

/** The events that the local VOD sends. */
export const EVENT_TYPES = [
  'NewFileUpload',
  'ProcedureStateChanged',
  'FileDeleted',
  'ReviewAudioVideoComplete',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
