/**
 * An element with properties (or, with a dash or as `role`, attributes) and children.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] undefined ones are left out
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.includes('-') || name === 'role') made.setAttribute(name, String(value));
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * Changes text only where it is another one, so that a selection stays and nothing is read out twice.
 *
 * @param {Element} target
 * @param {string} text
 */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
