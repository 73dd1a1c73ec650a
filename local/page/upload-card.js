import { element, say } from './element.js';
import { formatBytes, formatSeconds, formatSpeed } from './format.js';
import { language, words } from './strings.js';

/** Which buttons an upload has in which state, by the name of their word. */
const BUTTONS = {
  waiting: ['cancel'],
  preparing: ['cancel'],
  sending: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  finishing: [],
  done: ['dismiss'],
  failed: ['again', 'dismiss'],
  cancelled: ['again', 'dismiss'],
};

/**
 * Shows one upload, and changes it in place so that the focus stays where it is.
 *
 * @param {ReturnType<import('./upload.js').createUpload>} upload
 * @param {(verb: string) => void} act
 */
export function uploadCard(upload, act) {
  const { name, size } = upload.file;
  const title = element('strong', { textContent: name });
  const progress = element('progress', { max: Math.max(size, 1) });
  const line = element('p', { className: 'hint' });
  const error = element('div', { className: 'error', hidden: true });
  const buttons = element('div', { className: 'buttons' });
  const card = element('li', { tabIndex: -1 }, title, progress, line, error, buttons);

  function update() {
    const text = words();
    card.dataset.state = upload.state;
    progress.setAttribute('aria-label', text.progressOf(name));
    // An empty file is all there or not at all.
    progress.value = upload.state === 'done' ? progress.max : upload.loaded;
    say(line, describe(upload));
    const problem = upload.state === 'failed' ? problemOf(upload.error) : [];
    error.hidden = problem.length === 0;
    if (error.dataset.shown !== problem.join('\n')) {
      const [sentence = '', ...members] = problem;
      const list = element('ul', {}, ...members.map((member) => element('li', {}, member)));
      error.replaceChildren(element('p', {}, sentence), ...(members.length > 0 ? [list] : []));
      error.dataset.shown = problem.join('\n');
    }
    showButtons(BUTTONS[upload.state]);
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
      say(button, text[button.value]);
      button.setAttribute('aria-label', text.verbNamed(text[button.value], name));
    }
  }

  update();
  return { card, update };
}

/** What the upload is doing, in a line. */
export function describe(upload) {
  const text = words();
  const bytes = (/** @type {number} */ value) => formatBytes(value, language());
  const amounts = {
    loaded: bytes(upload.loaded),
    total: bytes(upload.file.size),
    speed: upload.speed && formatSpeed(upload.speed, language()),
    remaining: upload.remaining && formatSeconds(upload.remaining, language()),
  };
  switch (upload.state) {
    case 'preparing':
      return upload.resumed ? text.resuming : text.preparing;
    case 'sending':
    case 'paused':
      return text[upload.state](amounts);
    case 'done':
      return `${text.done(upload.fileId)} · ${upload.isSettled ? (text.status[upload.status] ?? upload.status) : text.verifying}`;
    default:
      return text[upload.state];
  }
}

/** The sentence, then one line for each member: of our backend, of the SDK, of the storage. */
function problemOf(error) {
  const code = typeof error?.code === 'number' ? ` (${error.code})` : '';
  const sentence = error?.message ?? error?.error?.Message ?? String(error);
  return [`${sentence}${code}`, ...(error?.members ?? []).map(({ path, message }) => `${path}: ${message}`)];
}
