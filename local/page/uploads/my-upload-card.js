import { coverUrl, getConfig, playbackUrl } from '../backend.js';
import { badge, element, setText, setTextOrHide } from '../element.js';
import { words } from '../strings.js';
import { createThumbnail } from '../thumbnail.js';
import { createPlayer } from './player.js';
import { describeMedia, nameOf } from './row-card.js';

/**
 * Shows one upload to the user who made it, and updates it in place: a video keeps playing.
 *
 * @param {string} user
 * @param {(upload: import('./my-uploads.js').MyUpload) => void} remove
 */
export function myUploadCard(user, remove) {
  const cover = createThumbnail();
  const title = element('h3');
  const badges = element('p', { className: 'badges' });
  const media = element('p', { className: 'hint' });
  const reason = element('p', { className: 'warning', hidden: true });
  const error = element('p', { className: 'error', role: 'alert', hidden: true });
  const deleteButton = element('button', { type: 'button', onclick: () => remove(upload) });
  const player = createPlayer(() => playbackUrl(user, upload));
  const buttons = element('div', { className: 'buttons' }, player.button, deleteButton);
  const head = element('div', { className: 'row-head' }, cover.thumbnail, element('div', {}, title, badges), buttons);
  const card = element('li', { tabIndex: -1 }, head, player.panel, media, reason, error);
  let upload;

  /** @param {import('./my-uploads.js').MyUpload} next default: the same again, in another language */
  function update(next = upload) {
    upload = next;
    const text = words();
    const { fileId, status, isDeleting, rejection, hasCover } = upload;
    const name = nameOf(upload);
    const isConfirmed = upload.updatedAt !== undefined; // the backend shows no more of others
    card.dataset.fileId = fileId;
    setText(title, isConfirmed ? name : fileId);
    badges.replaceChildren(
      badge('status', status, status === undefined ? text.verifying : (text.status[status] ?? status)),
    );
    if (isDeleting) badges.append(badge('status', 'deleting', text.deleting));
    setText(media, describeMedia(upload));
    setTextOrHide(
      reason,
      rejection && text.announce(text.rejection[rejection.reason] ?? rejection.reason, rejection.detail),
    );
    setTextOrHide(error, upload.error && (getConfig().allowDelete ? upload.error.message : text.notOffered));
    const poster = hasCover ? coverUrl(fileId) : undefined;
    cover.update(poster, upload.type);
    player.update({ name, poster, isPlayable: status === 'ready' && !isDeleting });
    deleteButton.hidden = !isConfirmed || isDeleting || status === 'deleted';
    setText(deleteButton, text.delete);
    deleteButton.setAttribute('aria-label', text.verbNamed(text.delete, name));
  }

  return { card, update };
}
