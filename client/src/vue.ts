import { onScopeDispose, shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { getList, type UploadList } from './list';
import type { Snapshot, Upload, Uploads } from './types';

export type { UploadList } from './list';

/** The snapshot of an upload, also of one that is replaced. `undefined` without an upload. */
export function useUpload(upload: MaybeRefOrGetter<Upload>): Readonly<ShallowRef<Snapshot>>;
export function useUpload(upload: MaybeRefOrGetter<Upload | undefined>): Readonly<ShallowRef<Snapshot | undefined>>;
export function useUpload(upload: MaybeRefOrGetter<Upload | undefined>): Readonly<ShallowRef<Snapshot | undefined>> {
  return follow(() => toValue(upload));
}

/** The uploads of the app, and functions that add and remove one. */
export function useUploads<File>(uploads: Uploads<File>): Readonly<ShallowRef<UploadList<File>>> {
  const list = getList(uploads);
  return follow(() => list) as ShallowRef<UploadList<File>>;
}

interface Source<Value> {
  readonly snapshot: Value;
  readonly subscribe: (listener: () => void) => () => void;
}

const isBrowser = 'document' in globalThis;

/** A ref of the snapshot of a source that may be replaced. On a server it has the snapshot and follows nothing. */
function follow<Value>(getSource: () => Source<Value> | undefined): ShallowRef<Value | undefined> {
  const snapshot = shallowRef(getSource()?.snapshot);
  if (!isBrowser) return snapshot;
  let unsubscribe: (() => void) | undefined;
  const stop = () => {
    unsubscribe?.();
  };
  watch(
    getSource,
    (source) => {
      stop();
      const read = () => {
        snapshot.value = source?.snapshot;
      };
      unsubscribe = source?.subscribe(read);
      read();
    },
    { immediate: true, flush: 'sync' },
  );
  onScopeDispose(stop);
  return snapshot;
}
