import { clientOf } from '../backend.js';
import { words } from '../strings.js';
import { describe, uploadCard } from './upload-card.js';

/** States that are not announced. */
const SILENT = ['waiting', 'preparing', 'finishing'];

/**
 * The uploads of this page.
 *
 * @param {(text: string) => void} announce
 * @param {(user: string, upload: import('../../../client/src/types').Upload) => void} onStored is called with each change
 * of an upload from the time when VOD has the file
 */
export function runningUploads(announce, onStored) {
  const section = document.querySelector('#running');
  const list = document.querySelector('#running-list');
  const cards = new Set();

  /**
   * @param {string} user
   * @param {File} file
   * @param {import('../../../client/src/types').UploadOptions<File>} options
   */
  function add(user, file, options) {
    const upload = clientOf(user).upload(file, options);
    const entry = uploadCard(upload, act);
    const announceNews = newsAnnouncer(file.name, announce);
    cards.add(entry);
    list.prepend(entry.card);
    section.hidden = false;
    const unsubscribe = upload.subscribe((snapshot) => {
      entry.update();
      announceNews(snapshot);
      if (snapshot.fileId) onStored(user, upload);
    });

    function act(verb) {
      if (verb === 'again' && upload.snapshot.state === 'cancelled') {
        remove();
        add(user, file, options);
        list.querySelector('button').focus();
      } else if (verb === 'again') upload.retry();
      else if (verb === 'dismiss') {
        remove();
        (list.querySelector('button') ?? document.querySelector('#videos')).focus();
      } else upload[verb]();
      entry.update();
    }

    function remove() {
      unsubscribe();
      cards.delete(entry);
      entry.card.remove();
      section.hidden = cards.size === 0;
    }
  }

  function translate() {
    for (const { update } of cards) update();
  }

  return {
    add,
    translate,
    /** On a phone it is below the form. */
    reveal: () => section.scrollIntoView({ block: 'nearest' }),
  };
}

/**
 * Returns a function that announces the changes of a snapshot: of the progress each quarter only, since users switch off a
 * screen reader that reads every step.
 *
 * @param {string} name of the file
 * @param {(text: string) => void} announce
 */
function newsAnnouncer(name, announce) {
  let announced = '';
  return (snapshot) => {
    const { state, loaded, total, error } = snapshot;
    const quarter = Math.floor((4 * loaded) / Math.max(total, 1)) * 25;
    const news = state === 'uploading' ? `${quarter} %` : describe(snapshot);
    if (news !== announced && !SILENT.includes(state)) {
      announce(words().announce(name, [news, error?.message].filter(Boolean).join('. ')));
    }
    announced = news;
  };
}
