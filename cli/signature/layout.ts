import type { Report } from './report';

/** The bytes of a signature's text, with the damage to the text undone where that is possible. */
export function decode(signature: string, report: Report): Buffer | undefined {
  let text = signature;
  if (/%[0-9A-F]{2}/i.test(text)) {
    report('url-encoded', 'the signature itself was URL-encoded: send the Base64 as it is, in JSON');
    text = text.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (/\s/.test(text)) {
    report(
      'line-wrapped',
      'the Base64 has spaces or line breaks: make one line of it (Java: no MIME encoder; openssl: -A)',
    );
    text = text.replace(/\s/g, '');
  }
  if (/^([0-9a-f]{2}){30,}$/i.test(text)) {
    report('hex', 'the signature is in hex: encode the bytes of MAC and original in Base64');
    return Buffer.from(text, 'hex');
  }
  if (/[-_]/.test(text)) {
    report(
      'url-safe-base64',
      'it is url-safe Base64 ("-" and "_"): VOD accepts the standard alphabet only ("+" and "/")',
    );
    text = text.replaceAll('-', '+').replaceAll('_', '/');
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    report('not-base64', 'it is not Base64: a signature is Base64 of a MAC of 20 bytes and the original');
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  if (canonical === text) return bytes;
  if (canonical.replace(/=+$/, '') === text) report('no-padding', 'the Base64 has no "=" at its end: keep the padding');
  else report('not-base64', 'the end of the Base64 was cut or changed: no encoder produces it');
  return bytes;
}

export interface Layout {
  readonly mac: Buffer;
  readonly original: Buffer;
  readonly hash: 'sha1' | 'sha256';
}

/** Splits the bytes into MAC and original, in the right order or another one. */
export function findLayout(bytes: Buffer, report: Report): Layout | undefined {
  const isOriginal = (part: Buffer) => {
    const text = decodeUtf8(part) ?? part.toString('latin1');
    // Long enough not to match the random bytes of a MAC.
    return /^[A-Za-z]\w{5,}(=|%3D)/i.test(text) || /^\s*\{\s*"\w+"\s*:/.test(text);
  };
  const split = (at: number, hash: Layout['hash']): Layout => {
    return { mac: bytes.subarray(0, at), original: bytes.subarray(at), hash };
  };
  const latin1 = bytes.toString('latin1');
  // Before the raw MACs: hex digits followed by a name match as one long name.
  for (const [digits, hash] of [
    [64, 'sha256'],
    [40, 'sha1'],
  ] as const) {
    const { mac, original } = split(digits, hash);
    if (!new RegExp(`^[0-9a-f]{${digits}}`, 'i').test(latin1) || !isOriginal(original)) continue;
    report('mac-in-hex', 'the MAC is in hex: put its 20 raw bytes before the original');
    if (hash === 'sha256') reportSha256(report);
    return { mac: Buffer.from(mac.toString('latin1'), 'hex'), original, hash };
  }
  if (/^[A-Za-z0-9+/]{27}=/.test(latin1) && isOriginal(bytes.subarray(28))) {
    report('mac-in-base64', 'the MAC is in Base64: put its 20 raw bytes before the original, and encode once');
    return { mac: Buffer.from(latin1.slice(0, 28), 'base64'), original: bytes.subarray(28), hash: 'sha1' };
  }
  if (isOriginal(bytes)) return splitReversed(bytes, report);
  if (isOriginal(bytes.subarray(20))) return split(20, 'sha1');
  if (isOriginal(bytes.subarray(32))) {
    reportSha256(report);
    return split(32, 'sha256');
  }
  report('no-original', 'after the first 20 bytes there is no query string secretId=...&currentTimeStamp=...');
  return undefined;
}

function reportSha256(report: Report): void {
  report('sha256', 'the MAC has the 32 bytes of HMAC-SHA256: VOD wants HMAC-SHA1, 20 bytes');
}

/** The original comes first: what follows it, if anything, is the MAC. */
function splitReversed(bytes: Buffer, report: Report): Layout {
  const hexMac = /[0-9a-f]{40}$/i.exec(bytes.toString('latin1'));
  if (hexMac) {
    report('mac-behind', 'the MAC follows the original: put it in front');
    report('mac-in-hex', 'the MAC is in hex: put its 20 raw bytes before the original');
    return { mac: Buffer.from(hexMac[0], 'hex'), original: bytes.subarray(0, -40), hash: 'sha1' };
  }
  // 20 random bytes are not printable text.
  if (/^[\x20-\x7e]*$/.test(bytes.subarray(-20).toString('latin1'))) {
    report('no-mac', 'there is no MAC: put the 20 bytes of HMAC-SHA1 before the original');
    return { mac: Buffer.alloc(0), original: bytes, hash: 'sha1' };
  }
  report('mac-behind', 'the MAC follows the original: put it in front');
  const is32 = !/^[\x20-\x7e]*$/.test(bytes.subarray(-32, -20).toString('latin1'));
  if (is32) reportSha256(report);
  const at = is32 ? -32 : -20;
  return { mac: bytes.subarray(at), original: bytes.subarray(0, at), hash: is32 ? 'sha256' : 'sha1' };
}

/** The text in bytes that are UTF-8. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
