/** Characters that copying and pasting adds: white space, line ends, byte order marks, zero-width characters. */
const INVISIBLE_ENDS = /^[\s\p{Cc}\p{Cf}]+|[\s\p{Cc}\p{Cf}]+$/gu;
const VISIBLE_ASCII = /^[\x21-\x7e]$/;

/**
 * A secret as it was meant: without the invisible characters at its ends.
 *
 * @param name of the secret, for the error
 * @throws Error when there is a blank, a quote or an invisible character in it; the message never contains the value
 */
export function cleanSecret(name: string, value: string): string {
  const trimmed = value.replace(INVISIBLE_ENDS, '');
  const characters = Array.from(trimmed);
  const index = characters.findIndex((character) => !VISIBLE_ASCII.test(character));
  if (index !== -1) {
    const code = (characters[index]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const where = `U+${code} at position ${index + 1} of ${characters.length}`;
    throw new Error(`${name} contains a character that no key has (${where}): copy it again, it is visible ASCII only`);
  }
  if (/^(["'`]).*\1$/.test(trimmed)) throw new Error(`${name} is in quotes: store it without them`);
  return trimmed;
}
