import { COMMON_STRINGS } from './strings/common.js';
import { EVENTS_STRINGS } from './strings/events.js';
import { UPLOADS_STRINGS } from './strings/uploads.js';
import { VOD_STRINGS } from './strings/vod.js';
import { WEBHOOKS_STRINGS } from './strings/webhooks.js';

/** All texts of the page, in two languages. A text with values to insert is a function. */
export const STRINGS = {
  en: {
    ...COMMON_STRINGS.en,
    ...UPLOADS_STRINGS.en,
    ...EVENTS_STRINGS.en,
    ...WEBHOOKS_STRINGS.en,
    ...VOD_STRINGS.en,
  },
  zh: {
    ...COMMON_STRINGS.zh,
    ...UPLOADS_STRINGS.zh,
    ...EVENTS_STRINGS.zh,
    ...WEBHOOKS_STRINGS.zh,
    ...VOD_STRINGS.zh,
  },
};

/** @typedef {keyof typeof STRINGS} Language */

let current = initialLanguage();

/** The language in use, also as a locale. */
export function language() {
  return current;
}

/** The texts in that language. */
export function words() {
  return STRINGS[current];
}

/** @param {Language} next */
export function setLanguage(next) {
  current = next;
  localStorage.setItem('language', next);
}

/** The language that was chosen here before, else the browser's. */
function initialLanguage() {
  if (typeof navigator === 'undefined' || typeof localStorage === 'undefined') return 'en';
  const stored = localStorage.getItem('language');
  if (stored === 'en' || stored === 'zh') return stored;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}
