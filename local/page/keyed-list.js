/**
 * A list with an entry for each item. Entries are updated and moved in place: a video keeps playing, the focus stays.
 *
 * @template Item
 * @param {HTMLElement} list
 * @param {(item: Item) => string | number} keyOf
 * @param {() => { card: HTMLElement, update: (item?: Item) => void }} createEntry `update` without an item shows the
 * same one again, in another language
 */
export function createKeyedList(list, keyOf, createEntry) {
  const entries = new Map();

  /** @param {readonly Item[]} items */
  function show(items) {
    items.forEach((item, index) => {
      const { card } = showItem(item);
      // Moved only when it is elsewhere: a video that is moved stops.
      if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
    });
    const keys = new Set(items.map(keyOf));
    for (const [key, { card }] of entries) {
      if (keys.has(key)) continue;
      card.remove();
      entries.delete(key);
    }
  }

  function showItem(item) {
    const entry = entries.get(keyOf(item)) ?? createEntry();
    entries.set(keyOf(item), entry);
    if (entry.item === item) return entry;
    const json = JSON.stringify(item);
    if (entry.json !== json) entry.update(item);
    return Object.assign(entry, { item, json });
  }

  return {
    show,
    translate() {
      for (const { update } of entries.values()) update();
    },
  };
}
