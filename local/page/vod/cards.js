import { coverUrl } from '../backend.js';
import { badge, element, setText } from '../element.js';
import { formatTime } from '../format.js';
import { language, words } from '../strings.js';
import { createThumbnail } from '../thumbnail.js';
import { describeMedia } from '../uploads/row-card.js';

/** An entry for a file of the library. */
export function fileCard() {
  const cover = createThumbnail();
  const parts = createParts();
  const card = element('li', { className: 'item with-thumbnail' }, cover.thumbnail, parts.text, parts.link);
  let file;

  function update(next = file) {
    file = next;
    const text = words();
    const { fileId, name, type, category, hasCover, isForbidden, isOriginalDeleted, suggestion, createTime } = file;
    cover.update(hasCover ? coverUrl(fileId) : undefined, type);
    parts.show({
      title: [name, type].filter(Boolean).join('.'),
      badges: [
        badge('category', category, text.category[category] ?? category),
        ...(isForbidden ? [badge('status', 'rejected', text.forbidden)] : []),
        ...(isOriginalDeleted ? [badge('status', 'held', text.noOriginal)] : []),
        ...(suggestion ? [badge('suggestion', suggestion, text.suggestion[suggestion])] : []),
      ],
      line: describeMedia({ ...file, createTime: new Date(createTime).toISOString() }),
      fileId,
    });
  }

  return { card, update };
}

/** An entry for a task. */
export function taskCard() {
  const parts = createParts();
  const id = element('code', { className: 'long-id' });
  const card = element('li', { className: 'item' }, parts.text, parts.link);
  parts.text.append(id);
  let task;

  function update(next = task) {
    task = next;
    const text = words();
    const { taskId, taskType, fileId, status, steps, stepsDone, failedSteps, suggestion, createTime } = task;
    setText(id, taskId);
    parts.show({
      title: text.taskType[taskType],
      badges: [
        badge('task-state', status, text.taskStatus[status]),
        ...(failedSteps > 0 ? [badge('status', 'failed', text.failedSteps(failedSteps))] : []),
        ...(suggestion ? [badge('suggestion', suggestion, text.suggestion[suggestion])] : []),
      ],
      line: [
        ...(taskType === 'Procedure' ? [text.steps(stepsDone, steps)] : []),
        formatTime(createTime, language()),
      ].join(' · '),
      fileId,
    });
  }

  return { card, update };
}

/** An entry for an upload session. */
export function sessionCard() {
  const parts = createParts();
  const card = element('li', { className: 'item' }, parts.text, parts.link);
  let session;

  function update(next = session) {
    session = next;
    const text = words();
    const { fileId, name, hasCover, isCommitted, isOneTime, procedure, storageRegion, createTime, expireTime } =
      session;
    parts.show({
      title: name ?? text.coverOnly,
      badges: [badge('session', isCommitted ? 'FINISH' : 'PROCESSING', isCommitted ? text.committed : text.open)],
      line: [
        formatTime(createTime, language()),
        storageRegion,
        ...(procedure ? [procedure] : []),
        ...(isOneTime ? [text.isOneTime] : []),
        ...(name !== undefined && hasCover ? [text.withCover] : []),
        text.expires(formatTime(expireTime, language()).replace(/\.\d+$/, '')),
      ].join(' · '),
      fileId,
    });
  }

  return { card, update };
}

/** The parts of every entry: a title, badges, a line, the FileId, and a link to the file's callbacks. */
function createParts() {
  const title = element('h3');
  const badges = element('p', { className: 'badges' });
  const line = element('p', { className: 'hint' });
  const id = element('code');
  const text = element(
    'div',
    { className: 'item-text' },
    element('div', { className: 'item-head' }, title, badges),
    line,
    id,
  );
  const link = element('a', { className: 'item-link' });
  return {
    text,
    link,
    show({ title: name, badges: shown, line: description, fileId }) {
      setText(title, name);
      badges.replaceChildren(...shown);
      setText(line, description);
      setText(id, fileId);
      link.href = `#events/${fileId}`;
      setText(link, words().fileEvents);
      link.setAttribute('aria-label', words().verbNamed(words().fileEvents, fileId));
    },
  };
}
