import { fetchJson } from '../backend.js';
import { setText } from '../element.js';
import { createRecordView } from '../record-view.js';
import { words } from '../strings.js';
import { eventCard } from './event-card.js';

/**
 * Every callback that the local VOD sent.
 *
 * @param {(text: string) => void} announce
 */
export function eventsView(announce) {
  let settings = { url: '', mode: 'PUSH', hasSignKey: false };
  const actions = { announce, send, hasSignKey: () => settings.hasSignKey };
  const view = createRecordView({
    name: 'events',
    createCard: () => eventCard(actions),
    outcomes: () => words().callbackOutcome,
    emptyText: (hasRecords) => (hasRecords ? words().eventsNoMatch : words().eventsEmpty),
  });

  async function refresh() {
    const { url, mode, hasSignKey } = await view.read();
    settings = { url, mode, hasSignKey };
    showTarget();
    view.update();
  }

  async function send({ id }, forgery) {
    const body = JSON.stringify({ ...(forgery && { forgery }) });
    const record = await fetchJson(`/local/events/${id}/send`, { method: 'POST', body });
    await refresh();
    return record;
  }

  function showTarget() {
    setText(document.querySelector('#events-target'), targetOf(settings));
  }

  return {
    open: view.search,
    refresh,
    translate() {
      showTarget();
      view.translate();
    },
  };
}

function targetOf({ url, mode }) {
  const text = words();
  if (mode === 'PULL') return text.eventsPull;
  return url === '' ? text.eventsNowhere : text.eventsTarget(url);
}
