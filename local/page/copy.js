import { setText } from './element.js';
import { words } from './strings.js';

/**
 * Copies the text of an element, and confirms it on the button.
 *
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} code
 * @param {(text: string) => void} announce
 */
export async function copy(button, code, announce) {
  const { textContent: label } = button;
  try {
    await navigator.clipboard.writeText(code.textContent);
    setText(button, words().copied);
    announce(words().copied);
    setTimeout(() => setText(button, label), 2000);
  } catch {
    // The browser does not allow it: the text is selected for the user to copy.
    code.closest('details')?.setAttribute('open', '');
    getSelection().selectAllChildren(code);
  }
}
