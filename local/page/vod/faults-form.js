import { element, setText, setTextOrHide } from '../element.js';
import { language, words } from '../strings.js';

/** The faults that are off at 0, and the value that switching on gives them. */
const SWITCHES = [
  { name: 'drop', unit: 'probability', on: 0.5 },
  { name: 'duplicate', unit: 'probability', on: 0.5 },
  { name: 'reorder', unit: 'probability', on: 0.5 },
  { name: 'delayMs', unit: 'ms', on: 2000 },
  { name: 'api', unit: 'probability', on: 0.5 },
  { name: 'visibleAfterMs', unit: 'ms', on: 5000 },
  { name: 'analysedAfterMs', unit: 'ms', on: 5000 },
];
const LIMITS = {
  probability: { min: 0, max: 1, step: 'any' },
  ms: { min: 0, max: 600_000, step: 1 },
};
const FORMATS = ['3.0', '2.0', 'both'];

const $ = (selector) => document.querySelector(selector);

/**
 * The faults of the local VOD as switches. Each change takes effect at once.
 *
 * @param {(faults: object | undefined) => Promise<object>} save changes some faults or resets all; returns all
 */
export function createFaultsForm(save) {
  const rows = SWITCHES.map((fault) => createSwitch(fault, change));
  const format = $('#fault-format');
  const seed = $('#fault-seed');
  $('#faults-list').append(...rows.map(({ row }) => row));
  format.replaceChildren(...FORMATS.map((name) => new Option(name, name)));
  format.addEventListener('change', () => void change({ format: format.value }));
  seed.addEventListener('change', () => void change({ seed: seed.valueAsNumber }));
  $('#faults-reset').addEventListener('click', () => void change(undefined));
  $('#faults').addEventListener('submit', (event) => event.preventDefault());
  let faults;

  async function change(changed) {
    try {
      update(await save(changed));
      setTextOrHide($('#faults-problem'), '');
    } catch (error) {
      setTextOrHide($('#faults-problem'), error.message);
      update(); // back to what is in effect
    }
  }

  /** @param {Record<string, any>} next default: the same again, in another language */
  function update(next = faults) {
    faults = next;
    const text = words();
    for (const { update: updateRow } of rows) updateRow(faults);
    for (const option of format.options) setText(option, text.callbackFormats[option.value]);
    if (!faults) return;
    setUnlessFocused(format, faults.format);
    setUnlessFocused(seed, String(faults.seed));
    const count = SWITCHES.filter(({ name }) => faults[name] > 0).length + (faults.format === '3.0' ? 0 : 1);
    setTextOrHide($('#faults-active'), count === 0 ? '' : text.faultsActive(count));
    $('#faults-reset').disabled = count === 0 && faults.seed === 1;
  }

  return { update };
}

/**
 * @param {(typeof SWITCHES)[number]} fault
 * @param {(faults: object) => Promise<void>} change
 */
function createSwitch({ name, unit, on }, change) {
  const id = `fault-${name}`;
  const toggle = element('input', { type: 'checkbox', role: 'switch', id, 'aria-describedby': `${id}-hint` });
  const label = element('label', { htmlFor: id });
  const hint = element('p', { className: 'hint', id: `${id}-hint` });
  const value = element('input', { type: 'number', ...LIMITS[unit] });
  const unitText = element('span', { className: 'hint' });
  const amount = element('div', { className: 'amount' }, value, unitText);
  const row = element('li', { className: 'fault' }, toggle, element('div', {}, label, hint), amount);
  toggle.addEventListener('change', () => void change({ [name]: toggle.checked ? on : 0 }));
  value.addEventListener('change', () => void change({ [name]: value.valueAsNumber }));

  function update(faults) {
    const text = words();
    setText(label, text.faults[name]);
    setText(hint, text.faultHint[name]);
    setText(unitText, text[unit]);
    value.setAttribute('aria-label', text.valueOf(text.faults[name], text[unit]));
    const current = faults?.[name] ?? 0;
    toggle.checked = current > 0;
    amount.hidden = current === 0;
    value.lang = language();
    setUnlessFocused(value, String(current));
  }

  return { row, update };
}

function setUnlessFocused(input, value) {
  if (document.activeElement !== input && input.value !== value) input.value = value;
}
