/**
 * Characters that a terminal acts on, or that hide or reorder the text beside them: controls with line breaks, formatting
 * (bidirectional, zero width), line and paragraph separators, and halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A line as it may be shown, whoever wrote the text in it: each character that is not visible is escaped, as in JSON. */
export function printable(line: string): string {
  return line.replace(UNPRINTABLE, escapeUnits);
}

/** A text of several lines in one. */
export function inOneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]\s*/g, ' ').trim();
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
