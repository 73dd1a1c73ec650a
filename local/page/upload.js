import { signatureFor } from './backend.js';
import { meter } from './format.js';

/**
 * One upload by the SDK. `state` is `waiting`, `preparing`, `sending`, `paused`, `finishing`, `done`, `failed` or `cancelled`.
 *
 * @param {File} file
 * @param {File | undefined} cover
 * @param {string} user
 * @param {Record<string, unknown>} wanted of the signature
 * @param {() => void} changed
 */
export function createUpload(file, cover, user, wanted, changed) {
  const upload = { file, user, state: 'waiting', loaded: 0, start, pause, resume, cancel };
  let uploader;
  let speedometer;
  let attempt = 0;
  let run = 0;

  function become(state, more = {}) {
    Object.assign(upload, { speed: undefined, remaining: undefined, state }, more);
    changed();
  }

  function start() {
    become('preparing', { loaded: 0, error: undefined, resumed: false, status: undefined, isSettled: false });
    const mine = ++run;
    const getSignature = () => {
      // Before it sends anything the SDK cannot be stopped, but it asks here at each step.
      if (upload.state === 'cancelled' || mine !== run) return Promise.reject(new Error('cancelled'));
      return signatureFor(user, wanted);
    };
    const own = new window.TcVod.default({ getSignature }).upload({
      mediaFile: file,
      ...(cover && { coverFile: cover }),
      // A browser opens six connections to a host, and AT_ONCE uploads share them. With few parts on their way, a pause
      // loses little: what is sent again are those that had not arrived whole.
      chunkParallelLimit: 2,
      progressInterval: 250,
    });
    uploader = own;
    uploader.on('media_progress', (event) => mine === run && progress(event));
    uploader.on('media_upload', () => {
      if (mine === run && upload.state === 'sending') become('finishing', { loaded: file.size });
    });
    // What the SDK knows of a file of this name and size: an upload that a reload interrupted resumes.
    become('preparing', { resumed: Boolean(uploader.getStorage(uploader.sessionName)) });
    follow();
  }

  function follow() {
    speedometer = meter(file.size);
    const mine = ++attempt;
    uploader.done().then(
      ({ fileId }) => {
        if (mine === attempt && upload.state !== 'cancelled') become('done', { loaded: file.size, fileId });
      },
      (error) => {
        if (mine === attempt && upload.state !== 'cancelled') become('failed', { error });
      },
    );
  }

  function progress({ loaded }) {
    if (upload.state === 'cancelled') forget();
    if (upload.state !== 'preparing' && upload.state !== 'sending') return; // an echo of what was stopped
    if (loaded === 0) return; // it still compares the file with the parts that arrived before
    become('sending', { loaded, ...speedometer.add(performance.now(), loaded) });
  }

  /** The SDK's own way: what it cancels leaves the parts that arrived where they are, and done() never ends. */
  function pause() {
    attempt += 1;
    become('paused');
    uploader.cancel();
  }

  /** The same uploader started again applies with its session and sends the parts that are missing. */
  function resume() {
    become('preparing', { resumed: false });
    uploader.start();
    follow();
  }

  function cancel() {
    attempt += 1;
    become('cancelled');
    if (uploader) forget();
  }

  /** For good: the SDK's session too, so that the same file begins anew. */
  function forget() {
    if (uploader.cos) uploader.cancel(); // it throws as long as it has no storage to send to
    uploader.delStorage(uploader.sessionName);
  }

  return upload;
}
