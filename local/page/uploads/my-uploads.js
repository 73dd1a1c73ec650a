/** An upload in another state is waiting for VOD. */
const SETTLED = ['ready', 'failed', 'held', 'rejected', 'deleted'];

const PAGE_SIZE = 5;

/**
 * What is known of a user's upload: what the backend returned, and what this page adds.
 *
 * @typedef {Partial<import('../../../client/src/types').StoredUpload> & {
 *   fileId: string,
 *   isFollowed?: boolean,
 *   isDeleting?: boolean,
 *   error?: import('../../../client/src/errors').UploadError,
 * }} MyUpload
 */

/**
 * The uploads of one user, as GET /uploads shows them to that user, newest first.
 *
 * @param {(user: string) => Pick<import('../../../client/src/types').Uploads, 'list' | 'get' | 'delete'>} clientOf
 * @param {() => void} changed
 */
export function createMyUploads(clientOf, changed) {
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
      const { uploads, cursor } = await clientOf(own.user).list({ limit: PAGE_SIZE, cursor: own.cursor });
      const isNew = ({ fileId }) => !own.uploads.some((known) => known.fileId === fileId);
      Object.assign(own, { cursor, error: undefined, isRead: true });
      own.uploads = [...own.uploads, ...uploads.filter(isNew)];
    } catch (error) {
      own.error = error.message;
    }
    if (own === list) changed();
  }

  /**
   * Shows an upload of this page: it can be read before VOD has confirmed it, but is not listed until then.
   *
   * @param {string} user
   * @param {import('../../../client/src/types').Snapshot} snapshot
   */
  function show(user, { state, fileId, upload }) {
    if (user !== list.user) return;
    const known = find(fileId);
    const next = { ...known, ...upload, fileId, isFollowed: state === 'processing' };
    if (known) replace(next);
    else {
      list.uploads = [next, ...list.uploads];
      changed();
    }
  }

  /**
   * Requests a deletion. Resolves to whether it was accepted.
   *
   * @param {string} fileId
   */
  async function remove(fileId) {
    const { user } = list;
    try {
      const upload = await clientOf(user).delete(fileId);
      return replace({ ...find(fileId), ...upload, error: undefined, isDeleting: true });
    } catch (error) {
      replace({ ...find(fileId), fileId, error });
      return false;
    }
  }

  /**
   * Reads the unfinished ones whose row has changed since. The client itself follows those of this page.
   *
   * @param {readonly { fileId: string, version: number }[]} rows
   */
  async function refresh(rows) {
    const { user, uploads } = list;
    const versions = new Map(rows.map(({ fileId, version }) => [fileId, version]));
    const changedRows = uploads.filter(
      (upload) => isUnfinished(upload) && versions.get(upload.fileId) > upload.version,
    );
    for (const { fileId } of changedRows) {
      const upload = await clientOf(user)
        .get(fileId)
        .catch(() => undefined); // tried again when the rows are read again
      if (upload) replace({ ...find(fileId), ...upload });
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
    const isDeleting = upload.isDeleting === true && upload.status !== 'deleted';
    list.uploads = list.uploads.with(index, { ...upload, isDeleting });
    changed();
    return true;
  }

  return { open, readPage, show, remove, refresh, current: () => list };
}

/** @param {MyUpload} upload */
function isUnfinished({ status, isFollowed, isDeleting }) {
  return isDeleting === true || (isFollowed !== true && !SETTLED.includes(status));
}
