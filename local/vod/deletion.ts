import type { Library } from './library';
import { isSnapshotKey } from './media-keys';
import { fileDeleted, type DeletedPart } from './messages';
import type { Notifications } from './notifications';
import type { Procedures } from './procedures';
import type { Media, State } from './state';

interface DeletionDeps {
  readonly state: State;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly notifications: Notifications;
}

export const DELETABLE_PARTS = [
  'OriginalFiles',
  'TranscodeFiles',
  'AdaptiveDynamicStreamingFiles',
  'WechatPublishFiles',
  'WechatMiniProgramPublishFiles',
] as const;

/** Deletes the given parts of a file, or the whole file if none is given, and sends the event. */
export function deleteMedia(deps: DeletionDeps, media: Media, parts: readonly DeletedPart[]): void {
  const { state, notifications } = deps;
  state.transact(() => {
    if (parts.length === 0) deleteFile(state, media);
    for (const part of parts) {
      if (part.Type === 'OriginalFiles') deleteOriginal(deps, media.fileId);
      if (part.Type === 'TranscodeFiles') deleteTranscoded(deps, media.fileId, part.Definition);
    }
    notifications.publish(fileDeleted(media.fileId, parts));
  });
}

function deleteFile(state: State, media: Media): void {
  state.media.delete(media.fileId);
  for (const key of [media.key, media.coverKey]) if (key !== '') state.bucket.remove(key);
}

/** Deletes the uploaded cover too; a cover that a procedure made stays. */
function deleteOriginal(deps: DeletionDeps, fileId: string): void {
  const { state, library } = deps;
  const coverKey = state.media.get(fileId)?.coverKey ?? '';
  library.update(fileId, { isOriginalDeleted: true });
  if (coverKey !== '' && !isSnapshotKey(coverKey)) {
    state.bucket.remove(coverKey);
    library.update(fileId, { coverKey: '' });
  }
  removeUnusedBytes(deps, fileId);
}

function deleteTranscoded(deps: DeletionDeps, fileId: string, definition: number): void {
  const { state, library, procedures } = deps;
  procedures.deleteTranscodedOutputs(fileId, definition);
  if (definition === 0 && isSnapshotKey(state.media.get(fileId)?.coverKey ?? ''))
    library.update(fileId, { coverKey: '' });
  removeUnusedBytes(deps, fileId);
}

/** Transcoded outputs are served from the bytes of the original, so these stay until the last output is deleted. */
function removeUnusedBytes({ state, procedures }: DeletionDeps, fileId: string): void {
  const media = state.media.get(fileId);
  if (media?.isOriginalDeleted === true && !procedures.usesOriginal(media)) state.bucket.remove(media.key);
}
