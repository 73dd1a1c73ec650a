import { fetchJson } from './backend.js';
import { moveByArrows } from './disclosure.js';
import { setTextOrHide } from './element.js';
import { createFilterBar } from './filter-bar.js';
import { createPagedList } from './paged-list.js';
import { createFeed } from './record-feed.js';
import { filterRecords } from './record-filter.js';

/** Small enough to lay out at each key press. */
const PAGE_SIZE = 50;

/**
 * The part of a view that filters and lists the records of a log. Its elements begin with `name`.
 *
 * @param {object} options
 * @param {string} options.name also of the route under /local/
 * @param {() => { card: HTMLElement, update: (record?: any) => void }} options.createCard
 * @param {() => Readonly<Record<string, string>>} options.outcomes and their texts
 * @param {(hasRecords: boolean) => string} options.emptyText why nothing is shown
 * @param {(record: any) => object} [options.complete] adds properties that are not in the log
 */
export function createRecordView({ name, createCard, outcomes, emptyText, complete = (record) => record }) {
  const feed = createFeed(fetchJson, `/local/${name}`);
  const list = document.querySelector(`#${name}-list`);
  const entries = createPagedList(list, PAGE_SIZE, ({ id }) => id, createCard);
  const bar = createFilterBar(document.querySelector(`#${name}-filter`), {
    types: () => [...new Set(feed.newestFirst().map(({ type }) => type))].sort(),
    outcomes,
    onChange() {
      entries.reset();
      update();
    },
  });
  moveByArrows(list);

  function update() {
    const records = feed.newestFirst();
    const shown = filterRecords(records, bar.read());
    entries.show(shown.map(complete));
    bar.showCount(shown.length, records.length);
    setTextOrHide(document.querySelector(`#${name}-empty`), shown.length > 0 ? '' : emptyText(records.length > 0));
  }

  return {
    update,
    /** @param {string} text that the shown records contain; '' changes nothing */
    search(text) {
      if (text !== '') bar.search(text);
      update();
    },
    /** Reads what has changed without showing it; returns the whole response. */
    async read() {
      const page = await feed.refresh();
      if (page.records.length > 0) bar.fillTypes();
      return page;
    },
    translate() {
      bar.translate();
      update();
      entries.translate();
    },
  };
}
