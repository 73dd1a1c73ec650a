/** A row in another state is waiting for VOD. */
export const SETTLED = ['ready', 'failed', 'held', 'rejected', 'deleted'];

const PAGE_SIZE = 5;

/** @typedef {{ fileId: string, status?: string, version?: number, isDeleting?: boolean, error?: Error }} MyUpload */

/**
 * The uploads of one user, as GET /uploads shows them to that user, newest first.
 *
 * @param {Pick<typeof import('./backend.js'), 'listUploads' | 'readUpload' | 'deleteUpload'>} backend
 * @param {() => void} changed
 */
export function createMyUploads(backend, changed) {
  /** @type {{ user: string, uploads: MyUpload[], cursor?: string, error?: string, isRead: boolean }} */
  let list = { user: '', uploads: [], isRead: false };

  /**
   * Reads the first page of a user's uploads.
   *
   * @param {string} user
   */
  async function open(user) {
    list = { user, uploads: [], isRead: false };
    changed();
    await readPage();
  }

  /** Reads the next page. */
  async function readPage() {
    const own = list;
    try {
      const { uploads, cursor } = await backend.listUploads(own.user, PAGE_SIZE, own.cursor);
      const isNew = ({ fileId }) => !own.uploads.some((known) => known.fileId === fileId);
      Object.assign(own, { cursor, error: undefined, isRead: true });
      own.uploads = [...own.uploads, ...uploads.filter(isNew)];
    } catch (error) {
      own.error = error.message;
    }
    if (own === list) changed();
  }

  /**
   * Adds an upload that has ended just now: it can be read before VOD has confirmed it, but is not listed until then.
   *
   * @param {string} user
   * @param {string} fileId
   */
  function track(user, fileId) {
    if (user !== list.user || list.uploads.some((known) => known.fileId === fileId)) return;
    list.uploads = [{ fileId }, ...list.uploads];
    changed();
  }

  /**
   * Asks for a deletion. Resolves to whether it was accepted.
   *
   * @param {string} fileId
   */
  async function remove(fileId) {
    const { user } = list;
    try {
      const view = await backend.deleteUpload(user, fileId);
      return replace({ ...view, isDeleting: true });
    } catch (error) {
      replace({ ...find(fileId), fileId, error });
      return false;
    }
  }

  /** Whether VOD's answer about one of them is still missing. */
  function hasUnfinished() {
    return list.uploads.some(isUnfinished);
  }

  /** Reads those that are unfinished. Resolves to whether one of them changed. */
  async function refresh() {
    const { user, uploads } = list;
    const results = await Promise.all(uploads.filter(isUnfinished).map((upload) => refreshOne(user, upload)));
    return results.includes(true);
  }

  /**
   * @param {string} user
   * @param {MyUpload} upload
   */
  async function refreshOne(user, { fileId, version }) {
    try {
      const view = await backend.readUpload(user, fileId, version);
      if (view === undefined) return false;
      const isDeleting = find(fileId)?.isDeleting === true && view.status !== 'deleted';
      return replace({ ...view, isDeleting });
    } catch {
      return false; // VOD has not reported the file yet, or the backend does not answer
    }
  }

  /** @param {string} fileId */
  function find(fileId) {
    return list.uploads.find((known) => known.fileId === fileId);
  }

  /** @param {MyUpload} upload */
  function replace(upload) {
    const index = list.uploads.findIndex(({ fileId }) => fileId === upload.fileId);
    if (index < 0) return false; // of a user who was shown before
    list.uploads = list.uploads.with(index, upload);
    changed();
    return true;
  }

  return { open, readPage, track, remove, hasUnfinished, refresh, current: () => list };
}

/** @param {MyUpload} upload */
function isUnfinished({ status, isDeleting }) {
  return isDeleting === true || status === undefined || !SETTLED.includes(status);
}
