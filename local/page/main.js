import { getConfig, loadConfig } from './backend.js';
import { setText } from './element.js';
import { eventsView } from './events/events-view.js';
import { mapHosts } from './map-hosts.js';
import { language, setLanguage, words } from './strings.js';
import { startTabs } from './tabs.js';
import { uploadsView } from './uploads/uploads-view.js';
import { vodView } from './vod/vod-view.js';
import { webhooksView } from './webhooks/webhooks-view.js';

/** Pause between two refreshes, in milliseconds. */
const PAUSE = 1000;

const $ = (selector) => document.querySelector(selector);
const views = {
  uploads: uploadsView(announce),
  events: eventsView(announce),
  webhooks: webhooksView(announce),
  vod: vodView(announce),
};
let current = views.uploads;

function announce(text) {
  setText($('#announcements'), text);
}

function translate() {
  const text = words();
  document.documentElement.lang = language() === 'zh' ? 'zh-Hans' : 'en';
  document.title = text.title;
  for (const target of document.querySelectorAll('[data-text]')) setText(target, text[target.dataset.text]);
  for (const target of document.querySelectorAll('[data-label]')) {
    target.setAttribute('aria-label', text[target.dataset.label]);
  }
  for (const target of document.querySelectorAll('[data-placeholder]')) {
    target.placeholder = text[target.dataset.placeholder];
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language()));
  }
  for (const view of Object.values(views)) view.translate();
}

/** Refreshes the current view, or shows why that failed. */
async function tryRefresh() {
  const problem = $('#problem');
  try {
    if (!getConfig()) await start();
    await current.refresh();
    problem.hidden = true;
  } catch (error) {
    // fetch rejects with a TypeError when there is no response.
    setText(problem, error instanceof TypeError ? words().runUnavailable : error.message);
    problem.hidden = false;
  }
}

/** The only place where the SDK's requests are redirected to the local VOD. */
async function start() {
  await loadConfig();
  mapHosts(getConfig().vodUrl);
  translate();
  views.uploads.start();
}

let timer;
/** Refreshes periodically while the page is visible. */
async function keepFresh() {
  clearTimeout(timer);
  if (!document.hidden) await tryRefresh();
  clearTimeout(timer);
  timer = setTimeout(keepFresh, PAUSE);
}

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    setLanguage(button.dataset.language);
    translate();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void keepFresh();
});
translate();
startTabs((name, text) => {
  current = views[name];
  current.open?.(text);
  void keepFresh();
});
