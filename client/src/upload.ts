import type { Owner } from './credentials';
import { createOutcome } from './outcome';
import { createPolling, type PollingDeps } from './polling';
import type { Queue } from './queue';
import { createSending, type SendingDeps } from './sending';
import { isFinal, needsPlace } from './state';
import { createStore } from './store';
import type { MediaFile, Snapshot, Upload, UploadOptions } from './types';

export interface UploadDeps extends SendingDeps, PollingDeps {
  readonly queue: Queue;
}

let lastId = 0;

/** Begins the upload of one file: state machine, sending and polling put together. */
export function createUpload(deps: UploadDeps, file: MediaFile, { cover, ...wish }: UploadOptions): Upload {
  const owner: Owner = {};
  let isSettledRead = false;

  const onChange = (next: Snapshot, previous: Snapshot) => {
    for (const outcome of [uploaded, settled]) outcome.update(previous);
    const { state } = next;
    if (state === previous.state) return;
    if (needsPlace(previous) && !needsPlace(next)) leaveQueue();
    if (state === 'waiting') leaveQueue = deps.queue(begin);
    else if (state === 'preparing') sending.start();
    else if (state === 'paused') sending.pause();
    else if (!needsPlace(next)) sending.end(state !== 'error');
    if (state === 'processing') polling.wake();
    else polling.stop();
  };

  const store = createStore(file.size, onChange);
  const { go } = store;
  const uploaded = createOutcome(store, ({ fileId }) => (fileId ? { fileId } : undefined));
  const settled = createOutcome(store, (snapshot) => (isFinal(snapshot) ? snapshot.upload : undefined));
  const request = { file, cover, body: { ...wish, fileName: file.name, fileSize: file.size } };
  const sending = createSending(deps, request, owner, go);
  const polling = createPolling(deps, owner, () => isSettledRead || store.hasListeners(), store);

  const begin = go.bind(undefined, 'preparing', {});
  const proceed = () => {
    go(store.snapshot.fileId ? 'processing' : 'waiting');
  };
  let leaveQueue = deps.queue(begin);
  return {
    id: ++lastId,
    file,
    get snapshot() {
      return store.snapshot;
    },
    subscribe(listener) {
      const unsubscribe = store.subscribe(listener);
      polling.wake();
      return unsubscribe;
    },
    pause() {
      go('paused');
    },
    resume: proceed,
    retry: proceed,
    cancel() {
      go('cancelled', { error: deps.makeError('cancelled') });
    },
    get uploaded() {
      return uploaded.read();
    },
    get settled() {
      isSettledRead = true;
      polling.wake();
      return settled.read();
    },
  };
}
