'use strict';

/** Characters that are not displayed: controls, every blank but the space, and what Unicode declares ignorable. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]|(?! )\p{Z}/u;
const NOT_ASCII = /[^ -~]/u;
/** Scripts with letters that look like Latin ones. */
const LOOK_ALIKE_SCRIPTS =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;
const LATIN = /\p{Script=Latin}/u;

/**
 * A character of a value that a reader takes for another one, or does not see.
 *
 * @param {string} value
 * @param {{isText?: boolean, isSecret?: boolean}} options a text may be in any script, and is a mistake where it mixes Latin
 *   with letters that look like it; of what may be a secret, given by mistake, only the position is repeated
 * @returns {string} the end of a message that begins with the parameter's name; '' for nothing
 */
function characterProblem(value, { isText = false, isSecret = false } = {}) {
  const invisible = INVISIBLE.exec(value);
  if (invisible) return `contains an invisible character${codePoint(invisible, isSecret)}, remove it`;
  const strange = isText ? lookAlike(value) : NOT_ASCII.exec(value);
  if (!strange) return '';
  const shown = isSecret ? '' : ` "${strange[0]}"`;
  return `contains a character${shown} that is not ASCII${codePoint(strange, isSecret)}, replace it`;
}

/** @param {string} text @returns {RegExpExecArray | null} */
function lookAlike(text) {
  // Full-width letters, digits and commas, and other forms of a plain one.
  for (const match of text.matchAll(/[^ -~]/gu)) if (/^[\w,]+$/.test(match[0].normalize('NFKC'))) return match;
  const mixed = text.split(/[^\p{L}\p{M}\p{N}]+/u).find((word) => LATIN.test(word) && LOOK_ALIKE_SCRIPTS.test(word));
  return mixed === undefined ? null : LOOK_ALIKE_SCRIPTS.exec(text);
}

/** @param {RegExpExecArray} match @param {boolean} isSecret */
function codePoint({ 0: character, index }, isSecret) {
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
  return isSecret ? ` at position ${index + 1}` : ` (U+${code}, at position ${index + 1})`;
}

module.exports = { characterProblem };
