import { element, setText } from '../element.js';
import { words } from '../strings.js';

/**
 * A button, and the video that it opens and closes. The source is requested each time it opens, because a signed URL expires.
 *
 * @param {() => Promise<string>} findSource
 */
export function createPlayer(findSource) {
  const button = element('button', { type: 'button', onclick: toggle, hidden: true });
  const panel = element('div', { className: 'player', hidden: true });
  let shown = { name: '', poster: undefined };

  /** @param {{ name: string, poster?: string, isPlayable: boolean }} next */
  function update({ isPlayable, ...next }) {
    shown = next;
    if (!isPlayable) close();
    button.hidden = !isPlayable;
    showButton();
  }

  function showButton() {
    const text = words();
    setText(button, panel.hidden ? text.play : text.stop);
    button.setAttribute('aria-label', text.verbNamed(button.textContent, shown.name));
    button.setAttribute('aria-expanded', String(!panel.hidden));
  }

  function toggle() {
    if (panel.hidden) void open();
    else close();
    showButton();
  }

  async function open() {
    const video = element('video', { controls: true, playsInline: true, 'aria-label': shown.name });
    if (shown.poster) video.poster = shown.poster;
    video.addEventListener('error', () => showError(video, words().cannotPlay));
    panel.replaceChildren(video);
    panel.hidden = false;
    try {
      video.src = await findSource();
    } catch (error) {
      showError(video, error.message);
      return;
    }
    // Closed meanwhile: a video that is not in the page would continue to load.
    if (!video.isConnected) video.removeAttribute('src');
    else video.play().catch(() => undefined); // the error event, or the browser's own controls, report it
  }

  function showError(video, message) {
    if (video.isConnected) panel.replaceChildren(element('p', { className: 'error', role: 'alert' }, message));
  }

  function close() {
    panel.hidden = true;
    panel.replaceChildren();
  }

  return { button, panel, update };
}
