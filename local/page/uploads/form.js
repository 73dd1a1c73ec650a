import { getConfig } from '../backend.js';
import { element, setText } from '../element.js';
import { formatBytes } from '../format.js';
import { language, words } from '../strings.js';

const OTHER_PROCEDURE = 'other…';

const $ = (selector) => document.querySelector(selector);
const form = $('#new');
const cover = $('#cover');

/** @type {File[]} */
let chosen = [];

/**
 * @typedef {object} FormListeners
 * @property {(user: string, files: File[], options: object) => void} onSubmit
 * @property {(user: string) => void} onUser
 * @property {() => void} onInput
 */

/** @param {FormListeners} listeners */
export function startForm({ onSubmit, onUser, onInput }) {
  form.user.value = localStorage.getItem('user') ?? 'user-42';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(onSubmit);
  });
  form.user.addEventListener('change', () => signIn(onUser));
  form.addEventListener('input', () => {
    form.other.hidden = form.procedure.value !== OTHER_PROCEDURE;
    onInput();
  });
  $('#videos').addEventListener('change', ({ target }) => {
    addFiles(target.files);
    target.value = ''; // so that the same file can be chosen again
  });
  cover.addEventListener('change', showCover);
  $('#no-cover').addEventListener('click', () => {
    cover.value = '';
    showCover();
    cover.focus();
  });
  for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) addEventListener(type, drag);
  showCover(); // browsers keep it over a reload
}

export function translateForm() {
  const text = words();
  const { value } = form.procedure;
  form.procedure.replaceChildren(
    new Option(text.noProcedure, ''),
    ...(getConfig()?.procedures ?? []).map((name) => new Option(name, name)),
    new Option(text.otherOption, OTHER_PROCEDURE),
  );
  form.procedure.value = value;
  setText($('#upload-error'), '');
  $('#upload-error').hidden = true;
  showChosen();
}

/**
 * Any name is a user here.
 *
 * @param {FormListeners['onUser']} onUser
 */
export function signIn(onUser) {
  const user = form.user.value.trim();
  if (user === '') return;
  localStorage.setItem('user', user);
  onUser(user);
}

/** The chosen properties of the signature. */
export function signatureOptions() {
  const procedure = form.procedure.value === OTHER_PROCEDURE ? form.other.value : form.procedure.value;
  return {
    ...(form.sourceContext.value && { sourceContext: form.sourceContext.value }),
    ...(procedure && { procedure }),
    ...(form.oneTimeValid.checked && { oneTimeValid: true }),
  };
}

/** @param {FormListeners['onSubmit']} onSubmit */
function submit(onSubmit) {
  const user = form.user.value.trim();
  if (user === '') return showError(words().userMissing, form.user);
  if (chosen.length === 0) return showError(words().noVideos, $('#videos'));
  onSubmit(user, chosen, { ...signatureOptions(), cover: cover.files[0] });
  chosen = [];
  showChosen();
}

function addFiles(files) {
  const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
  const isNew = (file) => !chosen.some((other) => isSame(other, file));
  chosen = [...chosen, ...[...files].filter(isNew)];
  $('#upload-error').hidden = true;
  showChosen();
}

function showChosen() {
  $('#chosen').replaceChildren(...chosen.map(chosenFile));
  $('#chosen').hidden = chosen.length === 0;
}

/** @param {File} file */
function chosenFile(file) {
  const remove = () => {
    chosen = chosen.filter((other) => other !== file);
    showChosen();
    ($('#chosen button') ?? $('#videos')).focus();
  };
  const text = words();
  const label = { 'aria-label': text.removeNamed(file.name) };
  return element(
    'li',
    {},
    element('span', { className: 'name' }, file.name),
    element('span', { className: 'hint' }, formatBytes(file.size, language())),
    element('button', { type: 'button', className: 'quiet', onclick: remove, ...label }, text.remove),
  );
}

function showCover() {
  const [file] = cover.files;
  setText($('#cover-name'), file?.name ?? '');
  $('#no-cover').hidden = file === undefined;
}

function showError(message, field) {
  setText($('#upload-error'), message);
  $('#upload-error').hidden = false;
  field.focus();
}

/** A file that misses the zone would replace the page. */
function drag(event) {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  const target = event.target instanceof Element ? event.target : undefined;
  const isOver = Boolean(target?.closest('#drop'));
  $('#drop').classList.toggle('over', isOver && (event.type === 'dragenter' || event.type === 'dragover'));
  if (event.type !== 'drop') return;
  if (isOver) addFiles(event.dataTransfer.files);
  else if (target?.closest('.cover')) {
    cover.files = event.dataTransfer.files;
    showCover();
  }
}
