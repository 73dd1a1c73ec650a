import { element, setText } from '../element.js';
import { formatBytes, formatSeconds, formatSpeed } from '../format.js';
import { language, words } from '../strings.js';

/** Which buttons an upload has in which state, by the name of their text; in the others it can be dismissed. */
const BUTTONS = {
  waiting: ['cancel'],
  preparing: ['pause', 'cancel'],
  uploading: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  finishing: [],
  cancelled: ['again', 'dismiss'],
  error: ['again', 'dismiss'],
};

/**
 * Shows one upload, and changes it in place so that the focus stays where it is.
 *
 * @param {import('../../../client/src/types').Upload} upload
 * @param {(verb: string) => void} act
 */
export function uploadCard(upload, act) {
  const { name } = upload.file;
  const title = element('strong', { textContent: name });
  const progress = element('progress', { max: Math.max(upload.file.size, 1) });
  const line = element('p', { className: 'hint' });
  const error = element('p', { className: 'error', hidden: true });
  const buttons = element('div', { className: 'buttons' });
  const card = element('li', { tabIndex: -1 }, title, progress, line, error, buttons);

  function update() {
    const { snapshot } = upload;
    const { state, loaded, fileId } = snapshot;
    card.dataset.state = state;
    progress.setAttribute('aria-label', words().progressOf(name));
    // Of an empty file, `loaded` is 0 before and after the upload.
    progress.value = fileId === undefined ? loaded : progress.max;
    setText(line, describe(snapshot));
    error.hidden = state !== 'error';
    setText(error, state === 'error' ? `${snapshot.error.message}. ${snapshot.error.advice}` : '');
    showButtons(BUTTONS[state] ?? ['dismiss']);
  }

  function showButtons(verbs) {
    const text = words();
    if (buttons.dataset.verbs !== verbs.join()) {
      const hadFocus = buttons.contains(document.activeElement);
      buttons.replaceChildren(
        ...verbs.map((verb) => element('button', { type: 'button', onclick: () => act(verb), value: verb })),
      );
      buttons.dataset.verbs = verbs.join();
      if (hadFocus) (buttons.firstElementChild ?? card).focus();
    }
    for (const button of buttons.children) {
      setText(button, text[button.value]);
      button.setAttribute('aria-label', text.verbNamed(text[button.value], name));
    }
  }

  update();
  return { card, update };
}

/**
 * The state of an upload, in one line.
 *
 * @param {import('../../../client/src/types').Snapshot} snapshot
 */
export function describe({ state, loaded, total, speed, remaining, fileId, upload }) {
  const text = words();
  if (fileId !== undefined) {
    const isVerified = state !== 'processing' || upload?.status === 'processing';
    return `${text.uploadedAs(fileId)} · ${isVerified ? (text.status[state] ?? text[state]) : text.verifying}`;
  }
  if (state !== 'uploading' && state !== 'paused') return text[state];
  return text[state]({
    loaded: formatBytes(loaded, language()),
    total: formatBytes(total, language()),
    speed: speed && formatSpeed(speed, language()),
    remaining: remaining && formatSeconds(remaining, language()),
  });
}
