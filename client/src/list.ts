import type { Upload, UploadOptions, Uploads } from './types';

/** The return value of `useUploads`. */
export interface UploadList<File> {
  /** The uploads that `upload` began, oldest first, without those dismissed. */
  readonly current: readonly Upload[];
  /** Begins an upload, as `Uploads.upload` does, and adds it to the list. */
  readonly upload: (file: File, options?: UploadOptions<File>) => Upload;
  /** Cancels an upload unless it has ended, and removes it from the list. */
  readonly dismiss: (upload: Upload) => void;
}

export interface ObservableList<File> {
  /** Every change makes a new one. */
  readonly snapshot: UploadList<File>;
  readonly subscribe: (listener: () => void) => () => void;
}

const lists = new WeakMap<object, unknown>();

/** The list of a client: the same one in all components, also after they were unmounted. */
export function getList<File>(uploads: Uploads<File>): ObservableList<File> {
  const list = lists.get(uploads) ?? createList(uploads);
  lists.set(uploads, list);
  return list as ObservableList<File>;
}

function createList<File>(uploads: Uploads<File>): ObservableList<File> {
  const listeners = new Set<{ readonly listener: () => void }>();
  const set = (current: readonly Upload[]) => {
    snapshot = { ...snapshot, current };
    for (const { listener } of [...listeners]) listener();
  };
  let snapshot: UploadList<File> = {
    current: [],
    upload(file, options) {
      const upload = uploads.upload(file, options);
      set([...snapshot.current, upload]);
      return upload;
    },
    dismiss(upload) {
      upload.cancel();
      set(snapshot.current.filter((other) => other !== upload));
    },
  };
  return {
    get snapshot() {
      return snapshot;
    },
    subscribe(listener) {
      const subscription = { listener };
      listeners.add(subscription);
      return () => {
        listeners.delete(subscription);
      };
    },
  };
}
