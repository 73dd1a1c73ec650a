import { statusBadge } from '../attempts.js';
import { codeBlock, element, setText } from '../element.js';
import { jsonView } from '../json-view.js';
import { words } from '../strings.js';

const FORGERIES = ['wrong-token', 'wrong-sign', 'other-file', 'cut'];

/**
 * The buttons that send a callback again or forged, and the backend's response to that.
 *
 * @param {object} options
 * @param {(text: string) => void} options.announce
 * @param {() => boolean} options.hasSignKey
 * @param {(forgery?: string) => Promise<any>} options.send resolves to the new record
 */
export function createSender({ announce, hasSignKey, send }) {
  const repeatButton = element('button', { type: 'button', onclick: () => void sendAndShow() });
  const choice = element('select', { onchange: showHint });
  const forgeButton = element('button', { type: 'button', onclick: () => void sendAndShow(choice.value) });
  const hint = element('p', { className: 'hint' });
  const forge = element('div', { className: 'forge' }, choice, forgeButton, hint);
  const result = element('div', { className: 'result', hidden: true });

  /** The last record that was sent here, if that succeeded. */
  let lastEvent;

  async function sendAndShow(forgery) {
    repeatButton.disabled = forgeButton.disabled = true;
    lastEvent = undefined;
    try {
      lastEvent = await send(forgery);
      showResult();
      const [{ status, failure }] = lastEvent.attempts;
      announce(words().announce(titleOf(lastEvent), String(status ?? failure)));
    } catch (error) {
      result.replaceChildren(element('p', { className: 'error' }, error.message));
      announce(error.message);
    }
    result.hidden = false;
    repeatButton.disabled = forgeButton.disabled = false;
  }

  function showResult() {
    const text = words();
    const [attempt] = lastEvent.attempts;
    result.replaceChildren(
      element('p', { className: 'attempt-line' }, element('strong', {}, titleOf(lastEvent)), statusBadge(attempt)),
      ...(attempt.responseBody ? [codeBlock(text.response, ...jsonView(attempt.responseBody))] : []),
    );
  }

  function showHint() {
    const text = words();
    const isUnchecked = choice.value === 'wrong-sign' && !hasSignKey();
    setText(hint, isUnchecked ? text.noSignKey : text.forgeryHint[choice.value]);
  }

  /** @param {Record<string, any>} record */
  function update({ fileId }) {
    const text = words();
    const { value } = choice;
    const possible = FORGERIES.filter((forgery) => forgery !== 'other-file' || fileId !== undefined);
    choice.replaceChildren(...possible.map((forgery) => new Option(text.forgeries[forgery], forgery)));
    if (possible.includes(value)) choice.value = value;
    choice.setAttribute('aria-label', text.forgery);
    setText(repeatButton, text.sendAgain);
    setText(forgeButton, text.sendForged);
    showHint();
    if (lastEvent) showResult();
  }

  return { again: repeatButton, forge, result, update };
}

function titleOf({ kind }) {
  const text = words();
  return kind === 'again' ? text.sendAgain : text.callbackKind[kind];
}
