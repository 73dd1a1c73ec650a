import { element, setText } from './element.js';
import { createKeyedList } from './keyed-list.js';
import { words } from './strings.js';

/**
 * A list that shows its first page, with a button after it that shows the next one.
 *
 * @template Item
 * @param {HTMLElement} list
 * @param {number} pageSize
 * @param {Parameters<typeof createKeyedList<Item>>[1]} keyOf
 * @param {Parameters<typeof createKeyedList<Item>>[2]} createEntry
 */
export function createPagedList(list, pageSize, keyOf, createEntry) {
  const entries = createKeyedList(list, keyOf, createEntry);
  const moreButton = element('button', { type: 'button', className: 'more', onclick: showMore });
  list.after(moreButton);
  /** @type {readonly Item[]} */
  let items = [];
  let visible = pageSize;

  function showMore() {
    const next = visible;
    visible += pageSize;
    update();
    list.children[next]?.querySelector('button, a')?.focus();
  }

  function update() {
    entries.show(items.slice(0, visible));
    const count = Math.min(items.length - visible, pageSize);
    moreButton.hidden = count <= 0;
    setText(moreButton, words().more(count));
  }

  update();
  return {
    /** @param {readonly Item[]} next */
    show(next) {
      items = next;
      update();
    },
    /** Shows only the first page again. */
    reset() {
      visible = pageSize;
    },
    translate() {
      update();
      entries.translate();
    },
  };
}
