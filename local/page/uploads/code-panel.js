import { getConfig } from '../backend.js';
import { say } from '../element.js';
import { words } from '../strings.js';
import { signatureOptions } from './form.js';
import { getClientCode, getSignatureCode } from './snippet.js';

const $ = (selector) => document.querySelector(selector);

/**
 * The code for an app of one's own, with the choices of the form.
 *
 * @param {(text: string) => void} announce
 */
export function codePanel(announce) {
  for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', () => copy(button));

  function update() {
    say($('#client'), getClientCode(location.origin, signatureOptions()));
    say($('#sign'), getSignatureCode(new URL('/upload-signature', location.href).href, signatureOptions()));
  }

  async function start() {
    const source = await (await fetch('/local/page/map-hosts.js')).text();
    say($('#hosts'), `${source.replaceAll('export ', '')}\nmapHosts('${getConfig().vodUrl}');`);
  }

  async function copy(button) {
    const code = $(`#${button.dataset.copy}`);
    try {
      await navigator.clipboard.writeText(code.textContent);
      say(button, words().copied);
      announce(words().copied);
      setTimeout(() => say(button, words().copy), 2000);
    } catch {
      getSelection().selectAllChildren(code); // not allowed: one key is left to press
    }
  }

  return { start, update };
}
