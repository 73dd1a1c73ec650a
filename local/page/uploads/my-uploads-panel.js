import { clientOf } from '../backend.js';
import { say } from '../element.js';
import { words } from '../strings.js';
import { myUploadCard } from './my-upload-card.js';
import { createMyUploads } from './my-uploads.js';
import { nameOf } from './row-card.js';

/**
 * The part of the page that shows a user's own uploads.
 *
 * @param {(text: string) => void} announce
 */
export function myUploadsPanel(announce) {
  const list = document.querySelector('#mine-list');
  const more = document.querySelector('#mine-more');
  const cards = new Map(); // by fileId, of the user who is shown
  const mine = createMyUploads(clientOf, update);
  more.addEventListener('click', () => void mine.readPage());

  /** @param {string} user */
  function open(user) {
    cards.clear();
    list.replaceChildren();
    void mine.open(user);
  }

  function update() {
    const { user, uploads, cursor, error, isRead } = mine.current();
    say(document.querySelector('#mine-state'), error ?? (user && words().myUploadsOf(user)));
    document.querySelector('#mine-empty').hidden = !isRead || uploads.length > 0;
    more.hidden = cursor === undefined;
    uploads.forEach((upload, index) => {
      const { card } = showUpload(user, upload);
      // Moved only when it is elsewhere: a video that is moved stops.
      if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
    });
  }

  function showUpload(user, upload) {
    const known = cards.get(upload.fileId);
    if (known?.shown === upload) {
      known.update(); // perhaps in another language
      return known;
    }
    const entry = known ?? myUploadCard(user, remove);
    entry.update(upload);
    cards.set(upload.fileId, Object.assign(entry, { shown: upload }));
    return entry;
  }

  async function remove(upload) {
    const text = words();
    const name = nameOf(upload);
    if (!window.confirm(text.deleteQuestion(name))) return;
    if (await mine.remove(upload.fileId)) announce(text.announce(name, text.deleting));
  }

  return { open, show: mine.show, refresh: mine.refresh, translate: update };
}
