import { say } from './element.js';
import { words } from './strings.js';

/**
 * Copies the text of an element, and says so on the button.
 *
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} code
 * @param {(text: string) => void} announce
 */
export async function copy(button, code, announce) {
  const { textContent: label } = button;
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(button, words().copied);
    announce(words().copied);
    setTimeout(() => say(button, label), 2000);
  } catch {
    // Not allowed: one key is left to press.
    code.closest('details')?.setAttribute('open', '');
    getSelection().selectAllChildren(code);
  }
}
