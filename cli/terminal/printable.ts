/**
 * Characters that a terminal acts on, or that hide or reorder the text next to them: controls with line breaks,
 * formatting (bidirectional, zero width), line and paragraph separators, and halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes each character of a line that is not visible, as in JSON, so that text of other programs is safe to print. */
export function printable(line: string): string {
  return line.replace(UNPRINTABLE, escapeUnits);
}

/** Joins the lines of a text with spaces. */
export function inOneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]\s*/g, ' ').trim();
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
