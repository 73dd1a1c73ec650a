import { clientOf } from '../backend.js';
import { setText } from '../element.js';
import { createKeyedList } from '../keyed-list.js';
import { words } from '../strings.js';
import { myUploadCard } from './my-upload-card.js';
import { MyUploads } from './my-uploads.js';
import { hasCover, nameOf } from './row-card.js';

const $ = (selector) => document.querySelector(selector);

/**
 * The part of the page that shows a user's own uploads.
 *
 * @param {(text: string) => void} announce
 */
export function myUploadsPanel(announce) {
  const list = createKeyedList(
    $('#mine-list'),
    ({ fileId }) => `${mine.current.user} ${fileId}`,
    () => myUploadCard(mine.current.user, remove),
  );
  const mine = new MyUploads(clientOf, update);
  /** The FileIds of rows with a cover: the backend shows covers only where URLs need no signature. */
  let covers = new Set();
  $('#mine-more').addEventListener('click', () => void mine.readPage());

  /** @param {readonly Record<string, any>[]} rows */
  async function refresh(rows) {
    covers = new Set(rows.filter(hasCover).map(({ fileId }) => fileId));
    update();
    await mine.refresh(rows);
  }

  function update() {
    const { user, uploads, cursor, error, isRead } = mine.current;
    setText($('#mine-state'), error ?? (user && words().myUploadsOf(user)));
    $('#mine-empty').hidden = !isRead || uploads.length > 0;
    $('#mine-more').hidden = cursor === undefined;
    list.show(uploads.map((upload) => ({ ...upload, hasCover: covers.has(upload.fileId) })));
  }

  async function remove(upload) {
    const text = words();
    const name = nameOf(upload);
    if (!window.confirm(text.deleteQuestion(name))) return;
    if (await mine.remove(upload.fileId)) announce(text.announce(name, text.deleting));
  }

  return {
    /** @param {string} user */
    open: (user) => void mine.open(user),
    /**
     * @param {string} user
     * @param {import('../../../client/src/types').Snapshot} snapshot
     */
    show: (user, snapshot) => mine.show(user, snapshot),
    refresh,
    translate() {
      update();
      list.translate();
    },
  };
}
