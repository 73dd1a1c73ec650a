/** A version of a row, as the stream and the delay queue carry it, in one number. */
export interface RowVersion {
  readonly upload: number;
  readonly version: number;
  /** Whether the version only has to be announced to the app. */
  readonly isAnnouncement: boolean;
}

const VERSIONS = 64;

export function encodeVersion({ upload, version, isAnnouncement }: RowVersion): number {
  return (upload * VERSIONS + Math.min(version, VERSIONS - 1)) * 2 + Number(isAnnouncement);
}

export function decodeVersion(code: number): RowVersion {
  const rest = Math.floor(code / 2);
  return { upload: Math.floor(rest / VERSIONS), version: rest % VERSIONS, isAnnouncement: code % 2 === 1 };
}

/** The state of each upload, in arrays, because there are millions. */
export function uploadRows(capacity: number) {
  return {
    /** When the file was uploaded, in milliseconds of the clock. */
    createdAt: new Float64Array(capacity),
    /** When the event of the upload, and of the end of its procedure, was recorded; 0 = it was not, or it is confirmed. */
    uploadPending: new Float64Array(capacity),
    endPending: new Float64Array(capacity),
    version: new Uint8Array(capacity),
    isConfirmed: new Uint8Array(capacity),
    /** Whether the confirmed row has the end of the procedure. */
    isFinal: new Uint8Array(capacity),
    partition: new Uint16Array(capacity),
  };
}

export type UploadRows = ReturnType<typeof uploadRows>;
