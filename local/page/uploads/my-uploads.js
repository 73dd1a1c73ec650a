/** An upload in another state is waiting for VOD. */
const SETTLED = ['ready', 'failed', 'held', 'rejected', 'deleted'];

const PAGE_SIZE = 5;

/**
 * A user's upload: the properties that the backend returned, and those that this page adds.
 *
 * @typedef {Partial<import('../../../client/src/types').StoredUpload> & {
 *   fileId: string,
 *   isFollowed?: boolean,
 *   isDeleting?: boolean,
 *   error?: import('../../../client/src/errors').UploadError,
 * }} MyUpload
 */

/** The uploads of one user, as GET /uploads shows them to that user, newest first. */
export class MyUploads {
  /** @type {{ user: string, uploads: MyUpload[], cursor?: string, error?: string, isRead: boolean }} */
  #list = { user: '', uploads: [], isRead: false };
  #clientOf;
  #changed;

  /**
   * @param {(user: string) => Pick<import('../../../client/src/types').Uploads, 'list' | 'get' | 'delete'>} clientOf
   * @param {() => void} changed
   */
  constructor(clientOf, changed) {
    this.#clientOf = clientOf;
    this.#changed = changed;
  }

  get current() {
    return this.#list;
  }

  /**
   * Reads the first page of a user's uploads.
   *
   * @param {string} user
   */
  async open(user) {
    this.#list = { user, uploads: [], isRead: false };
    this.#changed();
    await this.readPage();
  }

  /** Reads the next page. */
  async readPage() {
    const own = this.#list;
    try {
      const { uploads, cursor } = await this.#clientOf(own.user).list({ limit: PAGE_SIZE, cursor: own.cursor });
      const isNew = ({ fileId }) => !own.uploads.some((upload) => upload.fileId === fileId);
      Object.assign(own, { cursor, error: undefined, isRead: true });
      own.uploads = [...own.uploads, ...uploads.filter(isNew)];
    } catch (error) {
      own.error = error.message;
    }
    if (own === this.#list) this.#changed();
  }

  /**
   * Shows an upload of this page: it can be read before VOD has confirmed it, but is not listed until then.
   *
   * @param {string} user
   * @param {import('../../../client/src/types').Snapshot} snapshot
   */
  show(user, { state, fileId, upload }) {
    if (user !== this.#list.user) return;
    const existing = this.#find(fileId);
    const next = { ...existing, ...upload, fileId, isFollowed: state === 'processing' };
    if (existing) this.#replace(next);
    else {
      this.#list.uploads = [next, ...this.#list.uploads];
      this.#changed();
    }
  }

  /**
   * Requests a deletion. Resolves to whether it was accepted.
   *
   * @param {string} fileId
   */
  async remove(fileId) {
    try {
      const upload = await this.#clientOf(this.#list.user).delete(fileId);
      return this.#replace({ ...this.#find(fileId), ...upload, error: undefined, isDeleting: true });
    } catch (error) {
      this.#replace({ ...this.#find(fileId), fileId, error });
      return false;
    }
  }

  /**
   * Reads unfinished uploads again if their row has changed. The client itself polls the uploads of this page.
   *
   * @param {readonly { fileId: string, version: number }[]} rows
   */
  async refresh(rows) {
    const { user, uploads } = this.#list;
    const versions = new Map(rows.map(({ fileId, version }) => [fileId, version]));
    const changed = uploads.filter((upload) => isUnfinished(upload) && versions.get(upload.fileId) > upload.version);
    for (const { fileId } of changed) {
      const upload = await this.#clientOf(user)
        .get(fileId)
        .catch(() => undefined); // tried again when the rows are read again
      if (upload) this.#replace({ ...this.#find(fileId), ...upload });
    }
  }

  /** @param {string} fileId */
  #find(fileId) {
    return this.#list.uploads.find((upload) => upload.fileId === fileId);
  }

  /** @param {MyUpload} upload */
  #replace(upload) {
    const { uploads } = this.#list;
    const index = uploads.findIndex(({ fileId }) => fileId === upload.fileId);
    if (index < 0) return false; // of a user who was shown before
    const isDeleting = upload.isDeleting === true && upload.status !== 'deleted';
    this.#list.uploads = uploads.with(index, { ...upload, isDeleting });
    this.#changed();
    return true;
  }
}

/** @param {MyUpload} upload */
function isUnfinished({ status, isFollowed, isDeleting }) {
  return isDeleting === true || (isFollowed !== true && !SETTLED.includes(status));
}
