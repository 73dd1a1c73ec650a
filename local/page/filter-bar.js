import { setText } from './element.js';
import { language, words } from './strings.js';

/**
 * The filter above a log: text, type and outcome. `bar` has an element for each, with these names.
 *
 * @param {HTMLFormElement} bar
 * @param {object} options
 * @param {() => readonly string[]} options.types of the records
 * @param {() => Readonly<Record<string, string>>} options.outcomes and their texts
 * @param {() => void} options.onChange
 */
export function createFilterBar(bar, { types, outcomes, onChange }) {
  const { text, type, outcome } = bar.elements;
  let shownTypes = '';
  bar.addEventListener('submit', (event) => event.preventDefault());
  bar.addEventListener('input', onChange);

  function fillTypes() {
    const options = types();
    const shown = [words().allTypes, ...options].join();
    if (shown === shownTypes) return;
    fill(
      type,
      words().allTypes,
      options.map((name) => [name, name]),
    );
    shownTypes = shown;
  }

  return {
    fillTypes,
    /** The current choice. */
    read: () => ({ text: text.value, type: type.value, outcome: outcome.value }),
    /** @param {string} newText */
    search(newText) {
      text.value = newText;
      type.value = '';
      outcome.value = '';
    },
    /**
     * @param {number} shown
     * @param {number} total
     */
    showCount(shown, total) {
      const format = new Intl.NumberFormat(language());
      setText(bar.querySelector('output'), words().shownOf(format.format(shown), format.format(total)));
    },
    translate() {
      fillTypes();
      fill(outcome, words().allOutcomes, Object.entries(outcomes()));
    },
  };
}

/**
 * @param {HTMLSelectElement} select
 * @param {string} all the text of the choice that filters nothing
 * @param {readonly (readonly [string, string])[]} choices values and texts
 */
function fill(select, all, choices) {
  const { value } = select;
  select.replaceChildren(new Option(all, ''), ...choices.map(([name, text]) => new Option(text, name)));
  select.value = choices.some(([name]) => name === value) ? value : '';
}
