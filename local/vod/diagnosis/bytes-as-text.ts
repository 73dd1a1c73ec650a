/** Fewest bytes that a list is taken for bytes, and not for a text with commas. */
const MIN_LIST_LENGTH = 16;

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['v', 11],
]);

/** The bytes that Python writes as `b'...'`; `undefined` for any other text. */
export function pythonBytes(text: string): Buffer | undefined {
  const body = /^b(["'])(.*)\1$/s.exec(text)?.[2];
  return body === undefined ? undefined : unescapeBytes(body);
}

function unescapeBytes(body: string): Buffer {
  const unescaped = body.replace(/\\(?:x([0-9a-f]{2})|(.))/gis, (_, hex?: string, sign = '') => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return String.fromCharCode(ESCAPES.get(String(sign)) ?? String(sign).charCodeAt(0));
  });
  return Buffer.from(unescaped, 'latin1');
}

/** The bytes of a list in decimal, signed or unsigned, as JavaScript and Java write it; `undefined` for any other text. */
export function byteList(text: string): Buffer | undefined {
  const body = text.replace(/^\[(.*)\]$/s, '$1');
  if (!/^\s*-?\d{1,3}(?:\s*,\s*-?\d{1,3})*\s*$/.test(body)) return undefined;
  const numbers = body.split(',').map(Number);
  if (numbers.length < MIN_LIST_LENGTH || numbers.some((one) => one < -128 || one > 255)) return undefined;
  return Buffer.from(numbers.map((one) => one & 0xff));
}

/** Windows-1252, which browsers and Java also call Latin-1. */
const WINDOWS_1252 = new TextDecoder('windows-1252');
const TO_BYTE: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => [WINDOWS_1252.decode(Uint8Array.of(byte)), byte]),
);

/** The bytes that were read as Latin-1 or Windows-1252 text; `undefined` for text that is neither. */
export function bytesOfText(text: string): Buffer | undefined {
  const bytes = Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xff ? code : TO_BYTE.get(character);
  });
  return bytes.every((byte) => byte !== undefined) ? Buffer.from(bytes) : undefined;
}

/** The text in bytes that are UTF-8; `undefined` for any other bytes. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
