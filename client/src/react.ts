import { useSyncExternalStore } from 'react';
import { getList, type UploadList } from './list';
import type { Snapshot, Upload, Uploads } from './types';

export type { UploadList } from './list';

const subscribeToNothing = () => () => undefined;

/** The snapshot of an upload; the component renders again with each new one. `undefined` without an upload. */
export function useUpload(upload: Upload): Snapshot;
export function useUpload(upload: Upload | undefined): Snapshot | undefined;
export function useUpload(upload: Upload | undefined): Snapshot | undefined {
  const getSnapshot = () => upload?.snapshot;
  return useSyncExternalStore(upload?.subscribe ?? subscribeToNothing, getSnapshot, getSnapshot);
}

/** The uploads of the app, and functions that add and remove one; the component renders again when the list changes. */
export function useUploads<File>(uploads: Uploads<File>): UploadList<File> {
  const list = getList(uploads);
  const getSnapshot = () => list.snapshot;
  return useSyncExternalStore(list.subscribe, getSnapshot, getSnapshot);
}
