import * as backend from './backend.js';
import { element, say } from './element.js';
import { formatBytes } from './format.js';
import { mapHosts } from './map-hosts.js';
import { SETTLED } from './my-uploads.js';
import { myUploadsPanel } from './my-uploads-panel.js';
import { nameOf, rowCard } from './row-card.js';
import { getSignatureCode } from './snippet.js';
import { choose, language, words } from './strings.js';
import { createUpload } from './upload.js';
import { describe, uploadCard } from './upload-card.js';

/** Two connections each: with more at once, the calls of one that is done would wait behind the parts of the others. */
const AT_ONCE = 3;
const PAGE_OF_ROWS = 12;
/** How long the rows are read often after an upload, in milliseconds: a procedure may take far longer. */
const MAX_CLOSE_WATCH = 10_000;

const $ = (selector) => document.querySelector(selector);
const form = $('#new');

let vodUrl;
let procedures = [];
let chosen = [];
let entries = []; // uploads of this page and their cards
const cards = new Map(); // rows' cards by fileId
let rows = [];
let visible = PAGE_OF_ROWS;
const myUploads = myUploadsPanel(announce);

// Words

function translate() {
  const text = words();
  document.documentElement.lang = language() === 'zh' ? 'zh-Hans' : 'en';
  document.title = text.title;
  for (const target of document.querySelectorAll('[data-text]')) say(target, text[target.dataset.text]);
  for (const target of document.querySelectorAll('[data-label]')) {
    target.setAttribute('aria-label', text[target.dataset.label]);
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language()));
  }
  const { value } = form.procedure;
  form.procedure.replaceChildren(
    new Option(text.noProcedure, ''),
    ...procedures.map((name) => new Option(name, name)),
    new Option(text.otherOption, 'other…'),
  );
  form.procedure.value = value;
  say($('#complaint'), '');
  $('#complaint').hidden = true;
  showChosen();
  showCode();
  for (const { update } of entries) update();
  showRows();
  for (const { update } of cards.values()) update();
  myUploads.update();
}

function announce(text) {
  say($('#announcements'), text);
}

// The form

function wanted() {
  const procedure = form.procedure.value === 'other…' ? form.other.value : form.procedure.value;
  return {
    ...(form.sourceContext.value && { sourceContext: form.sourceContext.value }),
    ...(procedure && { procedure }),
    ...(form.oneTimeValid.checked && { oneTimeValid: true }),
  };
}

function addFiles(files) {
  const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
  const isNew = (file) => !chosen.some((other) => isSame(other, file));
  chosen = [...chosen, ...[...files].filter(isNew)];
  $('#complaint').hidden = true;
  showChosen();
}

function showChosen() {
  const text = words();
  const without = (file) => () => {
    chosen = chosen.filter((other) => other !== file);
    showChosen();
    ($('#chosen button') ?? $('#videos')).focus();
  };
  $('#chosen').replaceChildren(
    ...chosen.map((file) =>
      element(
        'li',
        {},
        element('span', { className: 'name' }, file.name),
        element('span', { className: 'hint' }, formatBytes(file.size, language())),
        element(
          'button',
          { type: 'button', className: 'quiet', onclick: without(file), 'aria-label': text.removeNamed(file.name) },
          text.remove,
        ),
      ),
    ),
  );
  $('#chosen').hidden = chosen.length === 0;
}

function showCover() {
  const [cover] = $('#cover').files;
  say($('#cover-name'), cover?.name ?? '');
  $('#no-cover').hidden = cover === undefined;
}

function complain(sentence, field) {
  say($('#complaint'), sentence);
  $('#complaint').hidden = false;
  field.focus();
}

/** Any name is a user here. */
function signIn() {
  const user = form.user.value.trim();
  if (user === '') return;
  localStorage.setItem('user', user);
  myUploads.open(user);
}

function submit(event) {
  event.preventDefault();
  const user = form.user.value.trim();
  if (user === '') return complain(words().userMissing, form.user);
  if (chosen.length === 0) return complain(words().noVideos, $('#videos'));
  const twice = chosen.filter((file) => entries.some(({ upload }) => isUnderWay(upload) && isSame(upload.file, file)));
  if (twice.length > 0) {
    return complain(words().underWay(twice.map(({ name }) => name).join(', ')), $('#videos'));
  }
  const [cover] = $('#cover').files;
  for (const file of chosen) addUpload(file, cover, user, wanted());
  chosen = [];
  showChosen();
  startNext();
  $('#running').scrollIntoView({ block: 'nearest' }); // on a phone it is below the form
}

// The uploads of this page

function isUnderWay({ state }) {
  return !['done', 'failed', 'cancelled'].includes(state);
}

function isSame(one, other) {
  return one.name === other.name && one.size === other.size;
}

function addUpload(file, cover, user, settings) {
  const upload = createUpload(file, cover, user, settings, changed);
  const { card, update } = uploadCard(upload, act);
  const entry = { upload, update };
  let said = '';
  entries = [entry, ...entries];
  $('#uploads').prepend(card);
  $('#running').hidden = false;

  function changed() {
    update();
    // A quarter at a time: a voice that reads every step is switched off.
    const quarter = Math.floor((4 * upload.loaded) / Math.max(file.size, 1)) * 25;
    const news = upload.state === 'sending' ? `${quarter} %` : describe(upload);
    if (news !== said && !['waiting', 'preparing', 'finishing'].includes(upload.state)) {
      announce(words().announce(file.name, [news, upload.error?.message].filter(Boolean).join('. ')));
    }
    said = news;
    if (upload.state === 'done') {
      entry.doneAt = performance.now();
      myUploads.track(upload.user, upload.fileId);
      void keepFresh();
    }
    startNext();
  }

  function act(verb) {
    if (verb === 'again') upload.start();
    else if (verb === 'dismiss') {
      entries = entries.filter((other) => other !== entry);
      card.remove();
      $('#running').hidden = entries.length === 0;
      (entries.length > 0 ? $('#uploads button') : $('#videos'))?.focus();
    } else upload[verb]();
  }
}

function startNext() {
  const busy = entries.filter(({ upload }) => ['preparing', 'sending', 'finishing'].includes(upload.state)).length;
  // The newest is on top, the oldest first in turn.
  const next = entries.findLast(({ upload }) => upload.state === 'waiting');
  if (busy < AT_ONCE && next) {
    next.upload.start();
    startNext();
  }
}

// The rows

function showRows() {
  const text = words();
  if (rows.length > 0) say($('#state'), text.rowCount(rows.length));
  const list = $('#rows');
  showOutcomes();
  rows.slice(0, visible).forEach((row, index) => {
    const card = cards.get(row.fileId) ?? addCard(row.fileId);
    const shown = JSON.stringify(row);
    if (card.shown !== shown) {
      const news = card.status !== undefined && card.status !== row.status;
      card.update(row);
      if (news) announce(text.announce(nameOf(row), text.status[row.status] ?? row.status));
      Object.assign(card, { shown, status: row.status });
    }
    // Moved only when it is elsewhere: a video that is moved stops.
    if (list.children[index] !== card.card) list.insertBefore(card.card, list.children[index] ?? null);
  });
  const shown = new Set(rows.slice(0, visible).map(({ fileId }) => fileId));
  for (const [fileId, { card }] of cards) {
    if (shown.has(fileId)) continue;
    card.remove();
    cards.delete(fileId);
  }
  $('#more').hidden = rows.length <= visible;
  say($('#more'), text.more(Math.min(rows.length - visible, PAGE_OF_ROWS)));
}

/** What became of this page's uploads: they are done when their row says `ready`, not when the last byte is sent. */
function showOutcomes() {
  for (const { upload, update } of entries) {
    const { status } = rows.find(({ fileId }) => fileId === upload.fileId) ?? {};
    if (upload.state !== 'done' || status === upload.status) continue;
    Object.assign(upload, { status, isSettled: SETTLED.includes(status) });
    update();
  }
}

function addCard(fileId) {
  const card = rowCard(vodUrl);
  cards.set(fileId, card);
  return card;
}

let asked = 0;
async function refresh() {
  const question = ++asked;
  try {
    const answer = await backend.rows();
    if (question !== asked) return; // a later request has been answered, or will be
    rows = answer;
    $('#empty').hidden = rows.length > 0;
    if (rows.length === 0) say($('#state'), '');
    showRows();
  } catch {
    if (question === asked) say($('#state'), words().noAnswer);
  }
}

let timer;
/** Often while an upload waits for its outcome, else every second, and not while the page is hidden. */
async function keepFresh() {
  clearTimeout(timer);
  if (!document.hidden) await refresh();
  const isWaiting = ({ upload, doneAt }) => performance.now() - doneAt < MAX_CLOSE_WATCH && !upload.isSettled;
  clearTimeout(timer);
  timer = setTimeout(keepFresh, entries.some(isWaiting) ? 200 : 1000);
}

// The panel for developers

function showCode() {
  say($('#sign'), getSignatureCode(new URL('/upload-signature', location.href).href, wanted()));
}

async function copy(button) {
  const code = $(`#${button.dataset.copy}`);
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(button, words().copied);
    announce(words().copied);
    setTimeout(() => say(button, words().copy), 2000);
  } catch {
    getSelection().selectAllChildren(code); // not allowed: one key is left to press
  }
}

// What people do

showCover(); // browsers keep it over a reload
form.user.value = localStorage.getItem('user') ?? 'user-42';
form.addEventListener('submit', submit);
form.user.addEventListener('change', signIn);
form.addEventListener('input', () => {
  form.other.hidden = form.procedure.value !== 'other…';
  showCode();
});
$('#videos').addEventListener('change', ({ target }) => {
  addFiles(target.files);
  target.value = ''; // so that the same file can be chosen again
});
$('#cover').addEventListener('change', showCover);
$('#no-cover').addEventListener('click', () => {
  $('#cover').value = '';
  showCover();
  $('#cover').focus();
});
// A file that misses the zone would replace the page.
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    const over = event.target instanceof Element && event.target.closest('#drop') !== null;
    $('#drop').classList.toggle('over', over && (type === 'dragenter' || type === 'dragover'));
    if (type === 'drop' && over) addFiles(event.dataTransfer.files);
    if (type === 'drop' && event.target.closest('.cover')) {
      $('#cover').files = event.dataTransfer.files;
      showCover();
    }
  });
}
for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    choose(button.dataset.language);
    translate();
  });
}
for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', () => copy(button));
$('#more').addEventListener('click', () => {
  visible += PAGE_OF_ROWS;
  showRows();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});

async function begin() {
  translate();
  try {
    ({ vodUrl, procedures } = await backend.config());
  } catch {
    say($('#state'), words().noAnswer);
    setTimeout(begin, 1000);
    return;
  }
  // Here, and nowhere else, the SDK's requests turn to the local VOD.
  mapHosts(vodUrl);
  translate();
  signIn();
  void keepFresh();
  const source = await (await fetch('/local/page/map-hosts.js')).text();
  say($('#hosts'), `${source.replaceAll('export ', '')}\nmapHosts('${vodUrl}');`);
}

void begin();
