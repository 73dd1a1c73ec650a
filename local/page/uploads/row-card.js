import { coverUrl, getConfig, playbackUrl } from '../backend.js';
import { badge, element, setText } from '../element.js';
import { formatBytes, formatSeconds } from '../format.js';
import { language, words } from '../strings.js';
import { createThumbnail } from '../thumbnail.js';
import { createPlayer } from './player.js';

/** Shows one row of the table, and updates it in place: a video keeps playing, open details stay open. */
export function rowCard() {
  const cover = createThumbnail();
  const title = element('h3');
  const badges = element('p', { className: 'badges' });
  const facts = element('dl', { className: 'facts' });
  const measures = element('p', { className: 'hint' });
  const warning = element('div', { className: 'warning', hidden: true });
  const player = createPlayer(() => playbackUrl(row.uploader, row));
  const tasks = element('div', { className: 'tasks' });
  const summary = element('summary');
  const attributes = element('pre', { tabIndex: 0, role: 'group' });
  const details = element('details', {}, summary, attributes);
  const events = element('a', { className: 'item-link' });
  const buttons = element('div', { className: 'buttons' }, events, player.button);
  const head = element('div', { className: 'row-head' }, cover.thumbnail, element('div', {}, title, badges), buttons);
  const parts = [head, player.panel, facts, measures, warning, tasks, details];
  const card = element('li', { className: 'card row', tabIndex: -1 }, ...parts);
  let row;

  /** @param {Record<string, any>} next the row; default: the same again, in another language */
  function update(next = row) {
    row = next;
    const text = words();
    card.dataset.fileId = row.fileId;
    card.dataset.status = row.status;
    setText(title, nameOf(row));
    const poster = hasCover(row) ? coverUrl(row.fileId) : undefined;
    cover.update(poster, row.type);
    badges.replaceChildren(...badgesOf(row));
    facts.replaceChildren(...factsOf(row));
    setText(measures, describeMedia(row));
    const messages = [row.rejection?.detail, row.notice].filter((message) => typeof message === 'string');
    warning.hidden = messages.length === 0;
    warning.replaceChildren(...messages.map((message) => element('p', { textContent: message })));
    tasks.replaceChildren(...tasksOf(row));
    events.href = `#events/${row.fileId}`;
    setText(events, text.fileEvents);
    events.setAttribute('aria-label', text.verbNamed(text.fileEvents, nameOf(row)));
    setText(summary, text.everything);
    attributes.setAttribute('aria-label', text.everything);
    setText(attributes, JSON.stringify(Object.fromEntries(Object.entries(row).sort()), null, 2));
    // Only its uploader may play it: the page signs in as that user.
    const isPlayable = row.status === 'ready' && row.uploader !== undefined;
    player.update({ name: nameOf(row), poster, isPlayable });
  }

  return { card, update };
}

/** Whether the local VOD has the cover of a row: before the verification a row may contain any URL. */
export function hasCover({ coverUrl: url, status }) {
  return url?.startsWith(`${getConfig().vodUrl}/`) === true && status !== 'deleted';
}

/** @param {Record<string, any>} row */
export function nameOf({ name, type }) {
  return name || type ? [name, type].filter(Boolean).join('.') : words().unnamed;
}

/**
 * The figures of a file, in a line.
 *
 * @param {Record<string, any>} media
 */
export function describeMedia({ size, duration, width, height, createTime }) {
  const parts = [
    ...(typeof size === 'number' ? [formatBytes(size, language())] : []),
    ...(typeof duration === 'number' ? [formatSeconds(duration, language())] : []),
    ...(width && height ? [`${width} × ${height}`] : []),
    ...(Number.isNaN(Date.parse(createTime)) ? [] : [new Date(createTime).toLocaleString(language())]),
  ];
  return parts.join(' · ');
}

function badgesOf({ status, seal, trust }) {
  const text = words();
  return [
    badge('status', status, text.status[status] ?? status),
    ...(seal ? [badge('seal', seal, text.seal[seal] ?? seal, text.sealHint[seal])] : []),
    ...(trust ? [badge('trust', trust, text.trust[trust] ?? trust, text.trustHint[trust])] : []),
  ];
}

function factsOf({ uploader, sourceContext, fileId, url }) {
  const text = words();
  return [
    ...fact(text.uploader, uploader ?? text.none),
    ...fact(text.context, sourceContext ?? text.none),
    ...fact(text.fileId, element('code', { textContent: fileId })),
    ...(url ? fact('URL', link(url), 'long') : []),
  ];
}

/** The tasks of a row. The procedure's id is known before its task is. */
function tasksOf({ procedureTaskId, tasks }) {
  const taskById = new Map(procedureTaskId ? [[procedureTaskId, {}]] : []);
  for (const [id, task] of Object.entries(tasks)) taskById.set(id, task);
  return [...taskById].map(([id, task]) => taskOf(id, task));
}

function fact(name, value, className = '') {
  return [element('dt', { className }, name), element('dd', { className }, value)];
}

function taskOf(id, { status, failed, outputs = [], errors = [] }) {
  const text = words();
  const list = (title, items) =>
    items.length > 0 ? [element('h5', {}, title), element('ul', {}, ...items.map(subTask))] : [];
  return element(
    'div',
    { className: 'task' },
    element(
      'h4',
      {},
      element('span', { 'aria-label': text.taskOf(id) }, element('code', {}, id)),
      ' ',
      ...(status
        ? [badge('task-state', failed ? 'failed' : status, text.taskState(text.taskStatus[status] ?? status, failed))]
        : []),
    ),
    ...list(text.outputs, outputs),
    ...list(text.errors, errors),
  );
}

function subTask({ type, definition, url, code, message }) {
  const label = [type, definition, code && `(${code})`].filter((part) => part !== undefined).join(' ');
  return element(
    'li',
    {},
    label,
    ...(url ? [' ', link(url, url.slice(url.lastIndexOf('/') + 1))] : []),
    ...(message ? [`: ${message}`] : []),
  );
}

/** A link if it is safe to follow: a forged event may contain any scheme. */
function link(url, text = url) {
  const safe = /^https?:\/\//.test(url);
  return safe
    ? element('a', { href: url, target: '_blank', rel: 'noreferrer' }, text)
    : element('code', { textContent: url });
}
