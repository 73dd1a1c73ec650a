import { fetchJson, getConfig } from '../backend.js';
import { copy } from '../copy.js';
import { setText } from '../element.js';
import { createRecordView } from '../record-view.js';
import { words } from '../strings.js';
import { webhookCard } from './webhook-card.js';

const $ = (selector) => document.querySelector(selector);

/**
 * Every webhook that was sent to the app.
 *
 * @param {(text: string) => void} announce
 */
export function webhooksView(announce) {
  /** Those that wait in a queue, by webhook-id. */
  let queued = new Map();
  const view = createRecordView({
    name: 'webhooks',
    createCard: () => webhookCard(retry),
    outcomes: () => words().webhookOutcome,
    emptyText: (hasRecords) => (hasRecords ? words().webhooksNoMatch : words().webhooksEmpty),
    complete: (record) => withQueue(record, queued.get(record.webhookId)),
  });
  const copyButton = $('#webhooks-copy');
  copyButton.addEventListener('click', () => void copy(copyButton, $('#webhooks-command'), announce));

  async function refresh() {
    showTarget();
    if (!isOn()) return;
    const page = await view.read();
    queued = new Map(page.queued.map((webhook) => [webhook.webhookId, webhook]));
    view.update();
  }

  async function retry({ id, type }) {
    await fetchJson(`/local/webhooks/${id}/retry`, { method: 'POST' });
    announce(words().announce(type, words().retried));
    await refresh();
  }

  function showTarget() {
    const url = getConfig()?.notifyUrl;
    $('#webhooks-on').hidden = !isOn();
    $('#webhooks-off').hidden = isOn();
    setText($('#webhooks-target'), url ? words().webhooksTarget(url) : '');
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

/** True while the configuration is unknown: it comes within milliseconds. */
function isOn() {
  return getConfig()?.notifyUrl !== '';
}

/** A record with its state in the queues. */
function withQueue(record, webhook) {
  if (!webhook) return record;
  const { retryAt } = webhook;
  if (retryAt === undefined) return { ...record, isDead: true };
  return { ...record, seconds: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) };
}
