import { element } from './element.js';

/**
 * An entry of a list that opens when it is pressed. Its content is created when it first opens.
 *
 * @param {(panel: HTMLElement) => void} fill
 */
export function createDisclosure(fill) {
  const panel = element('div', { className: 'entry-panel', hidden: true });
  const head = element('button', {
    type: 'button',
    className: 'entry-head',
    onclick: toggle,
    'aria-expanded': 'false',
  });
  const card = element('li', { className: 'entry' }, element('h2', {}, head), panel);

  function toggle() {
    if (panel.childElementCount === 0) fill(panel);
    panel.hidden = !panel.hidden;
    head.setAttribute('aria-expanded', String(!panel.hidden));
  }

  return { card, head, isFilled: () => panel.childElementCount > 0 };
}

/**
 * Moves the focus between the heads of a list with the arrow keys.
 *
 * @param {HTMLElement} list
 */
export function moveByArrows(list) {
  list.addEventListener('keydown', (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const heads = [...list.querySelectorAll('.entry-head')];
    const index = heads.indexOf(event.target);
    if (step === undefined || index < 0) return;
    event.preventDefault();
    heads[index + step]?.focus();
  });
}
