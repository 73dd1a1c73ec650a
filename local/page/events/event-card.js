import { attemptList, outcomeOf } from '../attempts.js';
import { copy } from '../copy.js';
import { createDisclosure } from '../disclosure.js';
import { badge, codeBlock, element, setText, setTextOrHide } from '../element.js';
import { formatTime } from '../format.js';
import { jsonView } from '../json-view.js';
import { language, words } from '../strings.js';
import { curlCommand } from './curl.js';
import { createSender } from './sender.js';
import { summarizeEvent } from './summary.js';

/**
 * Shows one callback: a line, and when it is opened its body, its attempts and its actions.
 *
 * @param {object} actions
 * @param {(text: string) => void} actions.announce
 * @param {(record: object, forgery?: string) => Promise<object>} actions.send resolves to the new record
 * @param {() => boolean} actions.hasSignKey
 */
export function eventCard(actions) {
  const { card, head, isFilled } = createDisclosure(fill);
  let record;
  let details;

  function fill(panel) {
    details = eventDetails(actions, () => record);
    panel.append(...details.parts);
    details.update();
  }

  /** @param {Record<string, any>} next default: the same again, in another language */
  function update(next = record) {
    record = next;
    const { type, kind, fileId, time, outcome, attempts } = record;
    const text = words();
    card.dataset.recordId = record.id;
    const kindBadge = kind === 'event' ? [] : [badge('kind', kind, text.callbackKind[kind])];
    const summary = element('span', { className: 'hint' }, summarizeEvent(record.body));
    head.replaceChildren(
      element('span', { className: 'time' }, formatTime(time, language())),
      element('span', { className: 'entry-title' }, element('strong', {}, type), ...kindBadge, summary),
      element('code', {}, fileId ?? ''),
      outcomeOf(outcome, text.callbackOutcome[outcome], attempts),
    );
    if (isFilled()) details.update();
  }

  return { card, update };
}

/** The content of an opened callback. */
function eventDetails({ announce, send, hasSignKey }, getRecord) {
  const copyButton = element('button', { type: 'button', onclick: () => void copy(copyButton, curl, announce) });
  const sender = createSender({ announce, hasSignKey, send: (forgery) => send(getRecord(), forgery) });
  const actions = element('div', { className: 'buttons' }, sender.again, copyButton, sender.forge);
  const attemptsTitle = element('h3');
  const attempts = element('div');
  const bodyTitle = element('h3');
  const body = element('div');
  const curl = element('code');
  const curlSummary = element('summary');
  const curlBlock = element('pre', { tabIndex: 0, role: 'group' }, curl);
  const sentSummary = element('summary');
  const sentBody = element('div');
  const columns = element(
    'div',
    { className: 'columns' },
    element('div', {}, attemptsTitle, attempts),
    element(
      'div',
      {},
      bodyTitle,
      body,
      element('details', {}, sentSummary, sentBody),
      element('details', {}, curlSummary, curlBlock),
    ),
  );

  function update() {
    const record = getRecord();
    const text = words();
    sender.update(record);
    setText(copyButton, text.copyCurl);
    setTextOrHide(attemptsTitle, record.attempts.length === 0 ? '' : text.attempts);
    attempts.replaceChildren(attemptList(record.attempts));
    setText(bodyTitle, `${text.body} · ${text.format(record.format)}`);
    body.replaceChildren(codeBlock(text.body, ...jsonView(record.body)));
    setText(sentSummary, text.asSent);
    sentBody.replaceChildren(codeBlock(text.asSent, record.body));
    setText(curlSummary, text.curl);
    curlBlock.setAttribute('aria-label', text.curl);
    setText(curl, curlCommand(record.body, text.curlHint));
  }

  return { parts: [actions, sender.result, columns], update };
}
