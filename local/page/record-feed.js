/**
 * The records of a log of the local run. It holds the same records as the log, and reads changes only.
 *
 * @param {(path: string) => Promise<any>} fetchJson
 * @param {string} path of the log
 */
export function createFeed(fetchJson, path) {
  const records = new Map();
  let cursor = '';
  return {
    /** Reads what has changed; returns the whole response. */
    async refresh() {
      const page = await fetchJson(`${path}?cursor=${encodeURIComponent(cursor)}`);
      if (page.isReset) records.clear();
      for (const record of page.records) records.set(record.id, record);
      for (const id of records.keys()) {
        if (id >= page.firstId) break;
        records.delete(id);
      }
      cursor = page.cursor;
      return page;
    },
    newestFirst: () => [...records.values()].reverse(),
  };
}
