/**
 * How well bytes can be read as MAC and original: 0 not at all, 1 there is the name of a parameter, and one more for each
 * of: an original that is text, the bytes of a MAC, a MAC that a known key makes.
 */
export type Quality = (bytes: Buffer) => number;

/** The quality of bytes in which everything can be read. */
export const READABLE = 3;
/** The quality of bytes whose MAC a known key makes. */
export const VERIFIED = 4;

/** A text that may not be Base64 yet. */
export interface Step {
  readonly text: string;
  /** Whether it was changed after it was encoded, in a way that cannot be undone. */
  readonly isDamaged: boolean;
}

export const NOT_BASE64 = 'it is not Base64: a signature is Base64 of a MAC of 20 bytes and the original';

export function toBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** Bytes that can be read when characters are added at the beginning: each one lost moves all bits behind it. */
export function shift(body: string, quality: Quality): Buffer | undefined {
  return [1, 2, 3].map((count) => toBytes('A'.repeat(count) + body)).find((bytes) => quality(bytes) >= 2);
}
