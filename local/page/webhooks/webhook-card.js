import { attemptList, outcomeOf } from '../attempts.js';
import { createDisclosure } from '../disclosure.js';
import { codeBlock, element, setText, setTextOrHide } from '../element.js';
import { formatSeconds, formatTime } from '../format.js';
import { jsonView } from '../json-view.js';
import { language, words } from '../strings.js';
import { summarizeWebhook } from '../events/summary.js';

/**
 * Shows one webhook: a line, and when it is opened its body and its attempts.
 *
 * @param {(record: object) => Promise<void>} retry
 */
export function webhookCard(retry) {
  const { card, head, isFilled } = createDisclosure(fill);
  let record;
  let details;

  function fill(panel) {
    details = webhookDetails(retry, () => record);
    panel.append(...details.parts);
    details.update();
  }

  /** @param {Record<string, any>} next default: the same again, in another language */
  function update(next = record) {
    record = next;
    const { type, fileId, time, outcome, attempts } = record;
    const text = words();
    card.dataset.recordId = record.id;
    const summary = element('span', { className: 'hint' }, summarizeWebhook(record.body));
    head.replaceChildren(
      element('span', { className: 'time' }, formatTime(time, language())),
      element('span', { className: 'entry-title' }, element('strong', {}, type), summary),
      element('code', {}, fileId ?? ''),
      outcomeOf(outcome, text.webhookOutcome[outcome], attempts),
    );
    if (isFilled()) details.update();
  }

  return { card, update };
}

/** The content of an opened webhook. */
function webhookDetails(retry, getRecord) {
  const button = element('button', { type: 'button', onclick: () => void retryNow() });
  const problem = element('p', { className: 'error', role: 'alert', hidden: true });
  const next = element('p', { className: 'hint' });
  const actions = element('div', { className: 'buttons' }, button, next);
  const attemptsTitle = element('h3');
  const attempts = element('div');
  const bodyTitle = element('h3');
  const body = element('div');
  const sentSummary = element('summary');
  const sentBody = element('div');
  const id = element('p', { className: 'hint' });
  const columns = element(
    'div',
    { className: 'columns' },
    element('div', {}, attemptsTitle, attempts),
    element('div', {}, bodyTitle, id, body, element('details', {}, sentSummary, sentBody)),
  );
  let shown;

  async function retryNow() {
    button.disabled = true;
    await retry(getRecord()).then(
      () => setTextOrHide(problem, ''),
      (error) => setTextOrHide(problem, error.message),
    );
    button.disabled = false;
  }

  function update() {
    const record = getRecord();
    const text = words();
    setText(button, record.outcome === 'delivered' ? text.deliverAgain : text.retryNow);
    setText(next, nextAttempt(record));
    setTextOrHide(attemptsTitle, record.attempts.length === 0 ? '' : text.attempts);
    // Rebuilt only after a change other than the time to the next attempt: open and selected parts stay.
    const current = JSON.stringify([record.attempts, language()]);
    if (current === shown) return;
    shown = current;
    attempts.replaceChildren(attemptList(record.attempts));
    setText(bodyTitle, text.body);
    setText(id, `webhook-id: ${record.webhookId}`);
    body.replaceChildren(codeBlock(text.body, ...jsonView(record.body)));
    setText(sentSummary, text.asSent);
    sentBody.replaceChildren(codeBlock(text.asSent, record.body));
  }

  return { parts: [actions, problem, columns], update };
}

function nextAttempt({ outcome, seconds, isDead }) {
  const text = words();
  if (isDead) return text.deadLetter;
  return outcome === 'failed' && seconds > 0 ? text.retryIn(formatSeconds(seconds, language())) : '';
}
