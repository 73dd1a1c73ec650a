/** Longest text of others that a message quotes, in characters. */
const MAX_QUOTED_LENGTH = 40;
/** A shorter secret is found in texts by chance. Tencent Cloud's have 32 characters. */
const MIN_SECRET_LENGTH = 8;
/** The marks around quoted texts until the message is complete: secrets must be replaced before a text is shortened. */
const OPEN = '\ue000';
const CLOSE = '\ue001';
/** The form of Tencent Cloud's SecretKeys: a key that is not known here is not shown either. */
const KEY_SHAPED = /\b(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32}\b/g;
const QUOTED = new RegExp(`${OPEN}([^${CLOSE}]*)${CLOSE}`, 'g');

/** A text of others for a message, to be completed by {@link complete}: in quotes, and shortened where it is long. */
export function quote(text: string): string {
  return OPEN + text.replaceAll(OPEN, '').replaceAll(CLOSE, '') + CLOSE;
}

/** A message with its quoted texts, without secrets, and without characters that imitate our lines. */
export function complete(message: string, secrets: readonly string[]): string {
  const shown = redact(message, secrets).replace(QUOTED, (_, quoted: string) => {
    const text = quoted.replace(KEY_SHAPED, '(32 characters, not shown)');
    const characters = Array.from(text.slice(0, 2 * MAX_QUOTED_LENGTH + 2));
    const isLong = characters.length > MAX_QUOTED_LENGTH;
    const short = isLong ? `${characters.slice(0, MAX_QUOTED_LENGTH).join('')}...` : text;
    return `"${short.replace(/["\\]/g, '\\$&')}"`;
  });
  return inOneLine(shown);
}

/** Escapes characters that are not visible, or that act on a terminal: the text of others must not be able to imitate our lines. */
export function inOneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Replaces each of the secrets in a text. */
export function redact(text: string, secrets: readonly string[]): string {
  const secretsToMask = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH);
  return secretsToMask.reduce((shown, secret) => shown.replaceAll(secret, '(a secret, not shown)'), text);
}

/** Whether a text is one of the secrets, or contains it. */
export function contains(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => text === secret || (secret.length >= MIN_SECRET_LENGTH && text.includes(secret)));
}

/** Whether a text is a part of one of the secrets. */
export function isPart(text: string, secrets: readonly string[]): boolean {
  return text.length >= MIN_SECRET_LENGTH && secrets.some((secret) => secret.includes(text));
}
