import { badge, codeBlock, element } from './element.js';
import { formatTime } from './format.js';
import { jsonView } from './json-view.js';
import { language, words } from './strings.js';

/**
 * One POST and its result, as the local run records it.
 *
 * @typedef {object} Attempt
 * @property {number} time in milliseconds since 1970
 * @property {number} [milliseconds]
 * @property {number} [status]
 * @property {string} [responseBody]
 * @property {string} [failure]
 * @property {readonly (readonly [string, string])[]} [headers]
 * @property {readonly (readonly [string, string])[]} [responseHeaders]
 */

/** @param {readonly Attempt[]} attempts */
export function attemptList(attempts) {
  return element('ol', { className: 'attempts' }, ...attempts.map(attemptItem));
}

/**
 * The result of all attempts, for the line of an entry.
 *
 * @param {string} outcome
 * @param {string} text
 * @param {readonly Attempt[]} attempts
 */
export function outcomeOf(outcome, text, attempts) {
  const status = attempts.at(-1)?.status;
  const count =
    attempts.length > 1 ? [element('span', { className: 'hint' }, words().attemptCount(attempts.length))] : [];
  const label = status === undefined ? text : `${status} · ${text}`;
  return element('span', { className: 'entry-outcome' }, ...count, badge('outcome', outcome, label));
}

/**
 * The status of an attempt, or why there is none.
 *
 * @param {Attempt} attempt
 */
export function statusBadge({ status, failure, milliseconds }) {
  if (status !== undefined) return badge('http', status < 300 ? 'accepted' : 'refused', String(status));
  if (milliseconds === undefined) return badge('http', 'sending', '…');
  return badge('http', 'no-response', failure ?? words().noResponse);
}

/** @param {Attempt} attempt */
function attemptItem(attempt) {
  const { time, milliseconds, responseBody, headers = [], responseHeaders = [] } = attempt;
  const text = words();
  const duration = milliseconds === undefined ? '' : text.milliseconds(milliseconds);
  const line = element(
    'p',
    { className: 'attempt-line' },
    element('span', { className: 'time' }, formatTime(time, language())),
    statusBadge(attempt),
    element('span', { className: 'hint' }, duration),
  );
  return element(
    'li',
    {},
    line,
    ...(responseBody
      ? [element('p', { className: 'hint' }, text.response), codeBlock(text.response, ...jsonView(responseBody))]
      : []),
    ...headerBlock(text.sentHeaders, headers),
    ...headerBlock(text.receivedHeaders, responseHeaders),
  );
}

function headerBlock(title, headers) {
  if (headers.length === 0) return [];
  const lines = headers.flatMap(([name, value]) => [element('span', { className: 'json-key' }, name), `: ${value}\n`]);
  return [element('details', {}, element('summary', {}, title), codeBlock(title, ...lines))];
}
