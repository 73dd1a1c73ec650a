import * as backend from '../backend.js';
import { setText } from '../element.js';
import { createPagedList } from '../paged-list.js';
import { words } from '../strings.js';
import { nameOf, rowCard } from './row-card.js';

const PAGE_SIZE = 12;

const $ = (selector) => document.querySelector(selector);

/**
 * The part of the page that shows the rows of the table.
 *
 * @param {(text: string) => void} announce
 */
export function rowsPanel(announce) {
  const list = createPagedList($('#rows'), PAGE_SIZE, ({ fileId }) => fileId, rowCard);
  /** By fileId. */
  let statuses = new Map();
  let count = 0;

  /** Reads the rows and returns them. */
  async function refresh() {
    const rows = await backend.rows();
    count = rows.length;
    $('#empty').hidden = count > 0;
    list.show(rows);
    for (const row of rows) announceChange(row);
    statuses = new Map(rows.map(({ fileId, status }) => [fileId, status]));
    showCount();
    return rows;
  }

  function announceChange(row) {
    const text = words();
    const status = statuses.get(row.fileId);
    if (status !== undefined && status !== row.status) {
      announce(text.announce(nameOf(row), text.status[row.status] ?? row.status));
    }
  }

  function showCount() {
    setText($('#state'), count > 0 ? words().rowCount(count) : '');
  }

  return {
    refresh,
    translate() {
      showCount();
      list.translate();
    },
  };
}
