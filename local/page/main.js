import { getConfig, loadConfig } from './backend.js';
import { say } from './element.js';
import { mapHosts } from './map-hosts.js';
import { choose, language, words } from './strings.js';
import { uploadsView } from './uploads/uploads-view.js';

/** Pause between two looks at what has changed, in milliseconds. */
const PAUSE = 1000;

const $ = (selector) => document.querySelector(selector);
const view = uploadsView(announce);

function announce(text) {
  say($('#announcements'), text);
}

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
  view.translate();
}

/** Resolves to whether the local run has answered. */
async function tryRefresh() {
  try {
    if (!getConfig()) await start();
    await view.refresh();
    $('#offline').hidden = true;
  } catch {
    $('#offline').hidden = false;
  }
}

/** Here, and nowhere else, the SDK's requests turn to the local VOD. */
async function start() {
  await loadConfig();
  mapHosts(getConfig().vodUrl);
  translate();
  view.start();
}

let timer;
/** Shows what has changed, again and again while the page is visible. */
async function keepFresh() {
  clearTimeout(timer);
  if (!document.hidden) await tryRefresh();
  clearTimeout(timer);
  timer = setTimeout(keepFresh, PAUSE);
}

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    choose(button.dataset.language);
    translate();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void keepFresh();
});
translate();
void keepFresh();
