import { fetchJson } from '../backend.js';
import { element, setText, setTextOrHide } from '../element.js';
import { createPagedList } from '../paged-list.js';
import { words } from '../strings.js';
import { fileCard, sessionCard, taskCard } from './cards.js';
import { createFaultsForm } from './faults-form.js';

const PAGE_SIZE = 10;

const $ = (selector) => document.querySelector(selector);

/** The local VOD: its faults, event configuration, library, tasks and upload sessions. */
export function vodView() {
  const faults = createFaultsForm(saveFaults);
  const parts = [
    createPart(
      'files',
      ({ fileId }) => fileId,
      fileCard,
      () => words().libraryEmpty,
    ),
    createPart(
      'tasks',
      ({ taskId }) => taskId,
      taskCard,
      () => words().tasksEmpty,
    ),
    createPart(
      'sessions',
      ({ fileId, createTime }) => `${fileId} ${createTime}`,
      sessionCard,
      () => words().sessionsEmpty,
    ),
  ];
  let vod;

  async function refresh() {
    vod = await fetchJson('/local/vod');
    update();
  }

  function update() {
    faults.update(vod?.faults);
    if (!vod) return;
    for (const part of parts) part.show(vod);
    $('#event-config').replaceChildren(...configLines(vod.events));
  }

  return {
    refresh,
    translate() {
      update();
      for (const part of parts) part.translate();
    },
  };
}

/** @param {object | undefined} faults undefined resets all */
function saveFaults(faults) {
  if (faults === undefined) return fetchJson('/local/faults', { method: 'DELETE' });
  return fetchJson('/local/faults', { method: 'PUT', body: JSON.stringify(faults) });
}

/** A list of the newest `name`, with their number. */
function createPart(name, keyOf, createCard, emptyText) {
  const list = createPagedList($(`#vod-${name}`), PAGE_SIZE, keyOf, createCard);
  return {
    show({ [name]: { total, newest } }) {
      list.show(newest);
      setText($(`#vod-${name}-count`), total === 0 ? '' : words().newestOf(newest.length, total));
      setTextOrHide($(`#vod-${name}-empty`), total === 0 ? emptyText() : '');
    },
    translate: list.translate,
  };
}

function configLines(config) {
  const text = words();
  const onOff = (isOn) => (isOn ? text.on : text.off);
  const lines = [
    [text.configMode, text.modes[config.mode]],
    [text.configUrl, config.url === '' ? text.none : element('code', {}, config.url), 'long'],
    [text.configUpload, onOff(config.uploadSwitch)],
    [text.configDelete, onOff(config.deleteSwitch)],
    [text.configPersistence, onOff(config.persistenceSwitch)],
    [text.configSign, config.hasSignKey ? text.isSet : text.isNotSet],
    [text.configQueued, String(config.queued)],
  ];
  return lines.flatMap(([name, value, className = '']) => [
    element('dt', { className }, name),
    element('dd', { className }, value),
  ]);
}
