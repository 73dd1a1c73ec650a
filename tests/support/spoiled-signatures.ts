import { createHash, createHmac } from 'node:crypto';

// Upload signatures as servers and pages spoil them, each made with the vendor's steps (266/9221) and one of them wrong.
// Nothing here is taken from the code that finds what is wrong.

export const SECRET_ID = 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE';
export const SECRET_KEY = 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE';
export const PLAYER_KEY = 'TxtyhLlgo7J3iOADIron';
/** Unix seconds, soon after the signatures are made. */
export const NOW = 1_571_215_100;

type Values = Readonly<Record<string, string | number>>;

export const GOOD: Values = {
  secretId: SECRET_ID,
  currentTimeStamp: 1_571_215_095,
  expireTime: 1_571_301_495,
  random: 2_206_250_001,
  vodSubAppId: 1_500_000_001,
};

/** `name=value&name=value`, each value as `encodeURIComponent` writes it. */
export function queryOf(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

export const ORIGINAL = queryOf(GOOD);

export function mac(over: string | Buffer, key: string | Buffer = SECRET_KEY, hash = 'sha1'): Buffer {
  return createHmac(hash, key).update(over).digest();
}

export function base64(...parts: readonly (string | Buffer)[]): string {
  return Buffer.concat(parts.map((part) => Buffer.from(part))).toString('base64');
}

/** A signature of any text as original. */
export function signText(original: string | Buffer, key: string | Buffer = SECRET_KEY): string {
  return base64(mac(original, key), original);
}

export function signValues(changes: Values = {}, key?: string): string {
  return signText(queryOf({ ...GOOD, ...changes }), key);
}

/** A good signature whose MAC has a property, such as a "+" in its Base64: found by another `random`. */
export function goodWith(property: (signature: string, mac: Buffer) => boolean): string {
  for (let random = 2_206_250_001; ; random++) {
    const signature = signValues({ random });
    if (property(signature, Buffer.from(signature, 'base64').subarray(0, 20))) return signature;
  }
}

const GOOD_SIGNATURE = signText(ORIGINAL);
const RESPONSE = { signature: GOOD_SIGNATURE, expireTime: 1_571_301_495, oneTimeValid: false };
const withPlus = () => goodWith((signature) => /\+.*\+/.test(signature.slice(0, 27)));
const withSlash = () => goodWith((signature) => signature.slice(0, 27).includes('/'));
const digestOf = (hash: string, text: string) => createHash(hash).update(text).digest();
const without = (name: string): Values => Object.fromEntries(Object.entries(GOOD).filter(([of]) => of !== name));

/** The kinds of damage to a signature, each with a function that returns a signature damaged in this way. */
export const SPOILED = {
  // HTML and forms
  'a page copied as HTML, where "&curren" became "¤"': () => signText(ORIGINAL.replace('&curren', '¤')),
  'the same, in Latin-1': () => signText(Buffer.from(ORIGINAL.replace('&curren', '¤'), 'latin1')),
  'the same, but the MAC is over the text before': () => base64(mac(ORIGINAL), ORIGINAL.replace('&curren', '¤')),
  '"&amp;" in place of "&"': () => signText(ORIGINAL.replaceAll('&', '&amp;')),
  '"+" that became a space, as a form decodes it': () => withPlus().replaceAll('+', ' '),
  'URL-encoded': () => encodeURIComponent(withPlus()),
  'URL-encoded twice': () => encodeURIComponent(encodeURIComponent(withPlus())),
  'escaped for HTML, as a template does it': () =>
    withPlus().replaceAll('+', '&#43;').replaceAll('/', '&#x2F;').replaceAll('=', '&#x3D;'),
  'cut out of JSON, with its escapes': () => withSlash().replaceAll('/', '\\/'),
  'cut out of JSON of Gson, with its escapes': () =>
    signValues({ storageRegion: 'ap-tokyo' }).replaceAll('=', '\\u003d'),
  // The MAC as text
  'the MAC joined as Latin-1 text': () => base64(mac(ORIGINAL).toString('latin1') + ORIGINAL),
  'the MAC joined as Windows-1252 text': () => {
    const good = Buffer.from(
      goodWith((_, bytes) => bytes.some((byte) => byte >= 0x80 && byte < 0xa0)),
      'base64',
    );
    return base64(new TextDecoder('windows-1252').decode(good.subarray(0, 20)) + good.toString('latin1', 20));
  },
  'the MAC joined as UTF-8 text': () => base64(mac(ORIGINAL).toString() + ORIGINAL),
  'the MAC joined as ASCII text of Java': () =>
    base64(Buffer.from(mac(ORIGINAL).map((byte) => (byte > 127 ? 63 : byte))), ORIGINAL),
  'an ArrayBuffer joined as text': () => base64(`[object ArrayBuffer]${ORIGINAL}`),
  'a promise joined as text': () => base64(`[object Promise]${ORIGINAL}`),
  'the MAC as a list of numbers': () => base64(`${new Uint8Array(mac(ORIGINAL)).join(',')}${ORIGINAL}`),
  'the MAC in hex': () => base64(mac(ORIGINAL).toString('hex') + ORIGINAL),
  'the MAC in hex with dashes, as .NET writes it': () =>
    base64((mac(ORIGINAL).toString('hex').toUpperCase().match(/../g) ?? []).join('-') + ORIGINAL),
  'the MAC in Base64': () => base64(mac(ORIGINAL).toString('base64') + ORIGINAL),
  // Not the signature
  'quotes around it': () => JSON.stringify(GOOD_SIGNATURE),
  'the whole response': () => JSON.stringify(RESPONSE),
  'the whole response of an API that wraps it': () =>
    JSON.stringify({ code: 0, message: 'ok', data: { uploadSignature: GOOD_SIGNATURE } }, null, 2),
  'the whole response in Base64': () => base64(JSON.stringify(RESPONSE)),
  'a response printed by console.log': () => `{ signature: '${GOOD_SIGNATURE}', expireTime: 1571301495 }`,
  'a response without a signature': () => JSON.stringify({ error: 'unauthorized', message: 'log in first' }),
  'Python’s bytes': () => `b'${GOOD_SIGNATURE}'`,
  'a Buffer as JSON': () => JSON.stringify(Buffer.from(GOOD_SIGNATURE, 'base64')),
  'Base64 twice': () => base64(GOOD_SIGNATURE),
  '[object Object]': () => '[object Object]',
  '[object Promise]': () => '[object Promise]',
  '[object Response]': () => '[object Response]',
  undefined: () => 'undefined',
  null: () => 'null',
  'undefined in Base64': () => base64('undefined'),
  nothing: () => '',
  'an HTML page': () => '<!DOCTYPE html>\n<html lang="en"><head><title>Log in</title></head><body></body></html>',
  'a JWT': () => {
    const parts = [
      { alg: 'HS256', typ: 'JWT' },
      { sub: 'alice', exp: 1_571_301_495 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return [...parts, mac(parts.join('.'), 'any', 'sha256').toString('base64url')].join('.');
  },
  'the URL of the signing route': () => 'https://api.example.com/upload-signature',
  'a form with the signature in it': () => `signature=${encodeURIComponent(withPlus())}&videoName=cat&videoType=mp4`,
  'a template that was not filled': () => '${signature}',
  'a command that a shell did not run': () => '$(npm run -s vod -- sign --caller alice)',
  'the source of the function': () => 'function getSignature() {\n  return fetch("/upload-signature");\n}',
  'the SecretId alone': () => SECRET_ID,
  'the SecretKey alone': () => SECRET_KEY,
  // The Base64
  'url-safe Base64': () =>
    goodWith((signature) => /[+/]/.test(signature))
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
  'line breaks': () => GOOD_SIGNATURE.replace(/.{76}/g, '$&\r\n'),
  'a line break at its end': () => `${GOOD_SIGNATURE}\n`,
  'lower case': () => GOOD_SIGNATURE.toLowerCase(),
  'its first character lost': () => GOOD_SIGNATURE.slice(1),
  'a character lost in its middle': () => GOOD_SIGNATURE.slice(0, 100) + GOOD_SIGNATURE.slice(101),
  'its end cut': () => GOOD_SIGNATURE.slice(0, 130),
  'MAC and original encoded one by one': () => base64(mac(ORIGINAL)) + base64(ORIGINAL),
  // Composition
  'the MAC alone': () => base64(mac(ORIGINAL)),
  'the MAC alone, in hex': () => mac(ORIGINAL).toString('hex'),
  'the original alone': () => base64(ORIGINAL),
  'the original alone, not encoded': () => ORIGINAL,
  MD5: () => base64(mac(ORIGINAL, SECRET_KEY, 'md5'), ORIGINAL),
  'MD5 of key and original': () => base64(digestOf('md5', SECRET_KEY + ORIGINAL), ORIGINAL),
  'HMAC-SHA256': () => base64(mac(ORIGINAL, SECRET_KEY, 'sha256'), ORIGINAL),
  'SHA-1 without HMAC': () => base64(digestOf('sha1', ORIGINAL + SECRET_KEY), ORIGINAL),
  'a leading "&"': () => signText(`&${ORIGINAL}`),
  'a leading "?"': () => signText(`?${ORIGINAL}`),
  'a trailing "&"': () => signText(`${ORIGINAL}&`),
  'a trailing line break, as echo adds it': () => signText(`${ORIGINAL}\n`),
  'a trailing line break, but in the MAC only': () => base64(mac(`${ORIGINAL}\n`), ORIGINAL),
  'blanks around "="': () => signText(ORIGINAL.replaceAll('=', ' = ')),
  'no "&" at all': () => signText(ORIGINAL.replace('&currentTimeStamp', 'currentTimeStamp')),
  'the original as UTF-16': () => signText(Buffer.from(ORIGINAL, 'utf16le')),
  'JSON in place of a query string': () => signText(JSON.stringify(GOOD)),
  'the MAC behind the original': () => base64(ORIGINAL, mac(ORIGINAL)),
  'the MAC over what is decoded': () => base64(mac(`${ORIGINAL}&sourceContext=a b`), `${ORIGINAL}&sourceContext=a%20b`),
  'the MAC over what is encoded': () => base64(mac(`${ORIGINAL}&sourceContext=a%2Cb`), `${ORIGINAL}&sourceContext=a,b`),
  // Keys
  'another SecretKey': () => signText(ORIGINAL, 'another'),
  'the SecretId as the key': () => signText(ORIGINAL, SECRET_ID),
  'the SecretKey with a line break': () => signText(ORIGINAL, `${SECRET_KEY}\n`),
  'the SecretKey with a blank': () => signText(ORIGINAL, `${SECRET_KEY} `),
  'the text "undefined" as the key': () => signText(ORIGINAL, 'undefined'),
  'the player key': () => signText(ORIGINAL, PLAYER_KEY),
  'SecretId and SecretKey swapped': () => signValues({ secretId: SECRET_KEY }, SECRET_ID),
  'the SecretKey as both': () => signValues({ secretId: SECRET_KEY }),
  'key and text swapped': () => base64(mac(SECRET_KEY, ORIGINAL), ORIGINAL),
  'a SecretId of another account': () => signValues({ secretId: 'AKIDofAnotherAccount' }, 'another'),
  // Parameters
  'subAppId for vodSubAppId': () => signText(queryOf({ ...without('vodSubAppId'), subAppId: 1_500_000_001 })),
  'appId for vodSubAppId': () => signText(queryOf({ ...without('vodSubAppId'), appId: 1_500_000_001 })),
  'a token': () => signValues({ token: 'a-token-of-STS' }),
  'the SecretKey among the parameters': () => signValues({ secretKey: SECRET_KEY }),
  'random undefined': () => signValues({ random: 'undefined' }),
  'procedure null': () => signValues({ procedure: 'null' }),
  'expireTime NaN': () => signValues({ expireTime: 'NaN' }),
  'sourceContext [object Object]': () => signValues({ sourceContext: '[object Object]' }),
  'secretId undefined': () => signValues({ secretId: 'undefined' }),
  'a procedure of 2017': () => signValues({ procedure: 'QCVB_SimpleProcessFile({10,20},150,10,10)' }),
  'expire_time for expireTime': () => signText(queryOf({ ...without('expireTime'), expire_time: 1_571_301_495 })),
} as const satisfies Readonly<Record<string, () => string>>;

export type SpoiledName = keyof typeof SPOILED;
