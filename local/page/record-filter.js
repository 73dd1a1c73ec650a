/** The searchable text of each record, in lower case. */
const texts = new WeakMap();

/**
 * The choice in the filter; '' matches anything.
 *
 * @typedef {{ text: string, type: string, outcome: string }} Filter
 */

/**
 * The records that match the filter, in their order.
 *
 * @template {{ type: string, outcome: string }} Item
 * @param {readonly Item[]} records
 * @param {Filter} filter
 */
export function filterRecords(records, { text, type, outcome }) {
  const query = text.trim().toLowerCase();
  return records.filter(
    (record) =>
      (type === '' || record.type === type) &&
      (outcome === '' || record.outcome === outcome) &&
      (query === '' || searchableText(record).includes(query)),
  );
}

function searchableText(record) {
  const cached = texts.get(record);
  if (cached !== undefined) return cached;
  const { type, fileId, webhookId, body, attempts } = record;
  const parts = attempts.flatMap(({ status, responseBody, failure, headers = [] }) => [
    status,
    responseBody,
    failure,
    ...headers,
  ]);
  const text = [type, fileId, webhookId, body, ...parts].join('\n').toLowerCase();
  texts.set(record, text);
  return text;
}
