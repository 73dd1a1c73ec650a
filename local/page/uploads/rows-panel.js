import * as backend from '../backend.js';
import { say } from '../element.js';
import { words } from '../strings.js';
import { nameOf, rowCard } from './row-card.js';

const PAGE_SIZE = 12;

/**
 * The part of the page that shows the rows of the table.
 *
 * @param {(text: string) => void} announce
 */
export function rowsPanel(announce) {
  const list = document.querySelector('#rows');
  const state = document.querySelector('#state');
  const more = document.querySelector('#more');
  const cards = new Map(); // by fileId
  let rows = [];
  let visible = PAGE_SIZE;
  more.addEventListener('click', () => {
    visible += PAGE_SIZE;
    update();
  });

  /** Reads the rows and returns them. */
  async function refresh() {
    rows = await backend.rows();
    document.querySelector('#empty').hidden = rows.length > 0;
    update();
    return rows;
  }

  function update() {
    const text = words();
    say(state, rows.length > 0 ? text.rowCount(rows.length) : '');
    rows.slice(0, visible).forEach((row, index) => {
      const { card } = showRow(row);
      // Moved only when it is elsewhere: a video that is moved stops.
      if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
    });
    removeOthers(new Set(rows.slice(0, visible).map(({ fileId }) => fileId)));
    more.hidden = rows.length <= visible;
    say(more, text.more(Math.min(rows.length - visible, PAGE_SIZE)));
  }

  function showRow(row) {
    const text = words();
    const entry = cards.get(row.fileId) ?? rowCard();
    cards.set(row.fileId, entry);
    const shown = JSON.stringify(row);
    if (entry.shown === shown) return entry;
    entry.update(row);
    const isNews = entry.status !== undefined && entry.status !== row.status;
    if (isNews) announce(text.announce(nameOf(row), text.status[row.status] ?? row.status));
    return Object.assign(entry, { shown, status: row.status });
  }

  /** @param {Set<string>} visibleIds */
  function removeOthers(visibleIds) {
    for (const [fileId, { card }] of cards) {
      if (visibleIds.has(fileId)) continue;
      card.remove();
      cards.delete(fileId);
    }
  }

  function translate() {
    update();
    for (const entry of cards.values()) entry.update();
  }

  return { refresh, translate };
}
