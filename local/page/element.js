/**
 * An element with properties (or, with a dash or as `role`, attributes) and children.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] undefined ones are ignored
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.includes('-') || name === 'role') created.setAttribute(name, String(value));
    else created[name] = value;
  }
  created.append(...children);
  return created;
}

/**
 * Sets the text if it differs, so that a selection stays and nothing is read out twice.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Shows the text, or hides the element if the text is empty.
 *
 * @param {HTMLElement} target
 * @param {string | undefined} text
 */
export function setTextOrHide(target, text = '') {
  setText(target, text);
  target.hidden = text === '';
}

/**
 * @param {string} kind
 * @param {string | undefined} value decides the colour
 * @param {string} text
 * @param {string} [title] what the text means
 */
export function badge(kind, value, text, title) {
  return element('span', { className: `badge ${kind}`, 'data-value': value, title }, text);
}

/**
 * Scrollable code, which can be reached and scrolled by keyboard.
 *
 * @param {string} label
 * @param {...(Node | string)} children
 */
export function codeBlock(label, ...children) {
  return element('pre', { tabIndex: 0, role: 'group', 'aria-label': label }, element('code', {}, ...children));
}
