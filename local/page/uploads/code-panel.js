import { getConfig } from '../backend.js';
import { copy } from '../copy.js';
import { setText } from '../element.js';
import { signatureOptions } from './form.js';
import { getClientCode, getSignatureCode } from './snippet.js';

const $ = (selector) => document.querySelector(selector);

/**
 * The code for the developer's own app, with the choices of the form.
 *
 * @param {(text: string) => void} announce
 */
export function codePanel(announce) {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => void copy(button, $(`#${button.dataset.copy}`), announce));
  }

  function update() {
    setText($('#client'), getClientCode(location.origin, signatureOptions()));
    setText($('#sign'), getSignatureCode(new URL('/upload-signature', location.href).href, signatureOptions()));
  }

  async function start() {
    const source = await (await fetch('/local/page/map-hosts.js')).text();
    setText($('#hosts'), `${source.replaceAll('export ', '')}\nmapHosts('${getConfig().vodUrl}');`);
  }

  return { start, update };
}
