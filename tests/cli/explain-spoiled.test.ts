import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { diagnose, type Keys } from '../../cli/signature/diagnose';
import { vod } from '../support/cli/cli';
import {
  GOOD,
  goodWith,
  mac,
  NOW,
  ORIGINAL,
  PLAYER_KEY,
  queryOf,
  base64,
  SECRET_ID,
  SECRET_KEY,
  signText,
  signValues,
  SPOILED,
  type SpoiledName,
} from '../support/spoiled-signatures';
import { runs } from '../support/thorough';

const keys: Keys = {
  secretId: SECRET_ID,
  secretKey: SECRET_KEY,
  sealKeys: ['a-seal-key'],
  otherKeys: [{ name: 'the player key', key: PLAYER_KEY }],
};
const explain = (signature: string, given = keys) => diagnose(signature, given, NOW);
const messages = (signature: string, given = keys) =>
  explain(signature, given).violations.map(({ message }) => message);

/** The messages that `explain` must print about each spoiled signature, and no others. */
const EXPECTED: Readonly<Record<SpoiledName, readonly string[]>> = {
  'a page copied as HTML, where "&curren" became "¤"': [
    'HTML turned "&curren" of the original into "¤": write "&currentTimeStamp" ("&amp;currentTimeStamp" in HTML) and sign again',
  ],
  'the same, in Latin-1': [
    'HTML turned "&curren" of the original into "¤": write "&currentTimeStamp" ("&amp;currentTimeStamp" in HTML) and sign again',
  ],
  'the same, but the MAC is over the text before': [
    'HTML turned "&curren" of the original into "¤": write "&currentTimeStamp" ("&amp;currentTimeStamp" in HTML) and sign again',
  ],
  '"&amp;" in place of "&"': ['the original has the "&amp;" of HTML in place of "&": write "&" and sign again'],
  '"+" that became a space, as a form decodes it': [
    'each "+" became a space, as form decoding does: send it in JSON, or URL-encode it (encodeURIComponent)',
  ],
  'URL-encoded': ['the signature itself was URL-encoded: send the Base64 as it is, in JSON'],
  'URL-encoded twice': ['the signature itself was URL-encoded: send the Base64 as it is, in JSON'],
  'escaped for HTML, as a template does it': [
    'it is escaped for HTML ("&#43;" for "+"): put it into JSON, or decode the entities',
  ],
  'cut out of JSON, with its escapes': [
    'it has the escapes of a JSON text ("\\/", "\\n", "\\u003d"): parse the JSON, do not cut the text out',
  ],
  'cut out of JSON of Gson, with its escapes': [
    'it has the escapes of a JSON text ("\\/", "\\n", "\\u003d"): parse the JSON, do not cut the text out',
  ],
  'the MAC joined as Latin-1 text': [
    'the MAC was joined to the original as text, which made 26 bytes of its 20: join the bytes, then encode them in Base64',
  ],
  'the MAC joined as Windows-1252 text': [
    'the MAC was joined to the original as text, which made 29 bytes of its 20: join the bytes, then encode them in Base64',
  ],
  'the MAC joined as UTF-8 text': [
    'the MAC was read as UTF-8 text: its other bytes became U+FFFD and are lost, join the bytes, then encode them in Base64',
  ],
  'the MAC joined as ASCII text of Java': [
    'the MAC was turned into ASCII text: its bytes over 127 became "?" and are lost, join the bytes',
  ],
  'an ArrayBuffer joined as text': [
    'the text "[object ArrayBuffer]" is in place of the MAC: the 20 bytes of HMAC-SHA1 must be there, and nothing else',
  ],
  'a promise joined as text': [
    'the text "[object Promise]" is in place of the MAC: the 20 bytes of HMAC-SHA1 must be there, and nothing else',
  ],
  'the MAC as a list of numbers': [
    'the MAC is there as text, a list of numbers: put its 20 raw bytes before the original',
  ],
  'the MAC in hex': ['the MAC is in hex: put its 20 raw bytes before the original'],
  'the MAC in hex with dashes, as .NET writes it': ['the MAC is in hex: put its 20 raw bytes before the original'],
  'the MAC in Base64': ['the MAC is in Base64: put its 20 raw bytes before the original, and encode once'],
  'quotes around it': ['it has quotes around it: parse the JSON, or remove them'],
  'the whole response': ['it is a whole JSON response: send only its member "signature"'],
  'the whole response of an API that wraps it': [
    'it is a whole JSON response: send only its member "data.uploadSignature"',
  ],
  'the whole response in Base64': [
    'it was encoded in Base64 twice: encode once',
    'it is a whole JSON response: send only its member "signature"',
  ],
  'a response printed by console.log': ['there is other text around it: send only the value of `signature`'],
  'a response without a signature': [
    'it is JSON without a member `signature`: check the status of the response; a refusal has none',
  ],
  'Python’s bytes': [`it is bytes as Python writes them, b'...': decode them to text, .decode()`],
  'a Buffer as JSON': ['it is a list of bytes as JSON: encode the bytes in Base64'],
  'Base64 twice': ['it was encoded in Base64 twice: encode once'],
  '[object Object]': [
    'it is "[object Object]", an object turned into text: send the text in it, the member `signature` of a response',
  ],
  '[object Promise]': ['it is "[object Promise]", a promise turned into text: await it, then send its text'],
  '[object Response]': [
    'it is "[object Response]", an object turned into text: send the text in it, the member `signature` of a response',
  ],
  undefined: [
    'it is the text "undefined", which a variable without a value becomes: send the text that your signing route returns as `signature`',
  ],
  null: [
    'it is the text "null", which a variable without a value becomes: send the text that your signing route returns as `signature`',
  ],
  'undefined in Base64': [
    'decoded, it is the text "undefined", which a variable without a value becomes: send the text that your signing route returns as `signature`',
  ],
  nothing: ['it is empty: send the text that your signing route returns as `signature`'],
  'an HTML page': [
    'it is an HTML or XML page, not a signature: check the URL and the status of the response, then send the text that your signing route returns as `signature`',
  ],
  'a JWT': [
    'it is a JWT, such as a login token, not an upload signature: send the text that your signing route returns as `signature`',
  ],
  'the URL of the signing route': [
    'it is a URL, not a signature: send the text that your signing route returns as `signature`',
  ],
  'a form with the signature in it': ['there is other text around it: send only the value of `signature`'],
  'a template that was not filled': ['it is "${signature}", a placeholder: put the signature in its place'],
  'a command that a shell did not run': [
    'it is "$(npm run -s vod -- sign --caller alice)", a placeholder: put the signature in its place',
  ],
  'the source of the function': ['it is the source of a function: call it, send its result'],
  'the SecretId alone': [
    'it has the form of a SecretId and is not a signature: send the text that your signing route returns as `signature`',
  ],
  'the SecretKey alone': [
    'it is a secret of this deployment itself, not a signature: if it was sent to anyone, replace it now',
  ],
  'url-safe Base64': ['it is url-safe Base64 ("-" and "_"): VOD accepts the standard alphabet only ("+" and "/")'],
  'line breaks': ['the Base64 has spaces or line breaks: make one line of it (Java: no MIME encoder; openssl: -A)'],
  'a line break at its end': ['it has a space or line break at its beginning or end: trim it'],
  'lower case': ['all its letters have one case: it was lower-cased or upper-cased, which cannot be undone'],
  'its first character lost': [
    'characters at the beginning of the Base64 are missing, or were added there: its MAC cannot be read, send it exactly as it was encoded',
  ],
  'a character lost in its middle': [
    'characters of the Base64 were lost, added or changed: no encoder produces such an end',
  ],
  'its end cut': ['characters of the Base64 were lost, added or changed: no encoder produces such an end'],
  'MAC and original encoded one by one': [
    'MAC and original were encoded separately: join their bytes, then encode once',
  ],
  'the MAC alone': [
    'it has 20 bytes, the length of HMAC-SHA1 alone: the original, secretId=...&currentTimeStamp=..., must follow the MAC',
  ],
  'the MAC alone, in hex': [
    'it has 20 bytes in hex, the length of HMAC-SHA1 alone: the original, secretId=...&currentTimeStamp=..., must follow the MAC',
  ],
  'the original alone': ['there is no MAC: put the 20 bytes of HMAC-SHA1 before the original'],
  'the original alone, not encoded': [
    'it is the query string itself, without Base64: put the 20 bytes of its HMAC-SHA1 before it, and encode both in Base64',
  ],
  MD5: ['the MAC has the 16 bytes of an MD5: VOD requires HMAC-SHA1, 20 bytes'],
  'MD5 of key and original': ['the MAC has the 16 bytes of an MD5: VOD requires HMAC-SHA1, 20 bytes'],
  'HMAC-SHA256': ['the MAC has the 32 bytes of HMAC-SHA256: VOD requires HMAC-SHA1, 20 bytes'],
  'SHA-1 without HMAC': ['the MAC is a plain SHA-1: it must be HMAC-SHA1 with the SecretKey'],
  'a leading "&"': ['the original begins with "&": it must begin with the name of a parameter'],
  'a leading "?"': ['the original begins with "?": it must begin with the name of a parameter'],
  'a trailing "&"': ['the original ends with "&": remove it before it is signed'],
  'a trailing line break, as echo adds it': [
    'the original ends with a line break: remove it (echo adds one, printf does not)',
  ],
  'a trailing line break, but in the MAC only': [
    'the MAC is over the original followed by a line break (echo adds one): it must be over the bytes that are sent',
  ],
  'blanks around "="': ['the original has spaces or line breaks around names, "=" or "&", or at its end: remove them'],
  'no "&" at all': ['there is no "&" before currentTimeStamp: join the parameters with "&"'],
  'the original as UTF-16': ['the original is UTF-16 (.NET: Encoding.Unicode): turn it into bytes as UTF-8'],
  'JSON in place of a query string': [
    'the original is JSON: it must be a query string, secretId=...&currentTimeStamp=...&expireTime=...',
  ],
  'the MAC behind the original': ['the MAC follows the original: put it in front'],
  'the MAC over what is decoded': [
    'the MAC is over the decoded string, but the encoded one is sent: sign what you send',
  ],
  'the MAC over what is encoded': [
    'the MAC is over the encoded string, but the decoded one is sent: send what you sign',
  ],
  'another SecretKey': ['the MAC does not match: made with another SecretKey, over other bytes, or changed afterwards'],
  'the SecretId as the key': ['the MAC is made with the SecretId as its key: sign with the SecretKey'],
  'the SecretKey with a line break': [
    'the SecretKey was used with a space or line break at its beginning or end: trim it',
  ],
  'the SecretKey with a blank': ['the SecretKey was used with a space or line break at its beginning or end: trim it'],
  'the text "undefined" as the key': [
    'the MAC is made with the text "undefined" as its key: set the variable of the SecretKey',
  ],
  'the player key': ['the MAC is made with the player key: an upload is signed with the SecretKey'],
  'SecretId and SecretKey swapped': [
    'SecretId and SecretKey are swapped: everyone who received this signature has the SecretKey, so replace this key pair now, then exchange the two',
  ],
  'the SecretKey as both': [
    'secretId contains the SecretKey in place of the SecretId: everyone who received this signature has the SecretKey, so replace this key pair now',
  ],
  'key and text swapped': [
    'key and text of the HMAC are swapped: the SecretKey must be its key, the original its text',
  ],
  'a SecretId of another account': [
    'secretId is AKIDofAnotherAccount, this deployment has AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  ],
  'subAppId for vodSubAppId': ['"subAppId" is not a parameter of a signature: the application is named by vodSubAppId'],
  'appId for vodSubAppId': ['"appId" is not a parameter of a signature: the application is named by vodSubAppId'],
  'a token': [
    '"token" is not a parameter of a signature: temporary keys (STS) cannot sign uploads, sign with a permanent key',
  ],
  'the SecretKey among the parameters': [
    'secretKey is in the signature: everyone who received the signature has it, so replace this key, and do not send it',
  ],
  'random undefined': [
    'random is the text "undefined", which a variable without a value becomes: set it before you sign',
  ],
  'procedure null': [
    'procedure is the text "null", which a variable without a value becomes: set it, or leave the parameter out',
  ],
  'expireTime NaN': ['expireTime is the text "NaN", which a variable without a value becomes: set it before you sign'],
  'sourceContext [object Object]': [
    'sourceContext is the text "[object Object]", an object turned into text: set it, or leave the parameter out',
  ],
  'secretId undefined': [
    'secretId is the text "undefined", which a variable without a value becomes: set it before you sign',
  ],
  'a procedure of 2017': [
    'procedure is an expression of 2017 (QCVB_...): it must be the name of a task flow template (任务流)',
  ],
  'expire_time for expireTime': ['expire_time is called expireTime'],
};
const names = Object.keys(SPOILED) as SpoiledName[];

describe('explain > spoiled signatures', () => {
  test.each(names)('explain prints one message per fault, and no other, for a signature with %s', (name) => {
    expect(messages(SPOILED[name]())).toEqual(EXPECTED[name]);
  });

  test('the spoiled signatures are of at least 36 kinds', () => {
    expect(names.length).toBeGreaterThanOrEqual(36);
  });
});

describe('explain > repairable damage', () => {
  const damaged = [
    'a page copied as HTML, where "&curren" became "¤"',
    '"&amp;" in place of "&"',
    '"+" that became a space, as a form decodes it',
    'URL-encoded',
    'escaped for HTML, as a template does it',
    'cut out of JSON, with its escapes',
    'the MAC joined as Latin-1 text',
    'the MAC joined as Windows-1252 text',
    'the MAC as a list of numbers',
    'quotes around it',
    'the whole response',
    'the whole response in Base64',
    'Base64 twice',
    'Python’s bytes',
    'a form with the signature in it',
  ] as const satisfies readonly SpoiledName[];

  test.each(damaged)('explain undoes the damage and verifies the signature with %s', (name) => {
    const found = explain(SPOILED[name]());
    expect(found).toMatchObject({ verified: true, parameters: { secretId: SECRET_ID, vodSubAppId: '1500000001' } });
    expect(found.violations).not.toEqual([]);
  });

  test('explain reports each fault of a signature that has several', () => {
    const random = { random: 'undefined', subAppId: 1, token: 'x' };
    const wrapped = JSON.stringify({ signature: signValues(random).replace(/.{76}/g, '$&\r\n') });
    expect(explain(wrapped).violations.map(({ rule }) => rule)).toEqual([
      'whole-response',
      'line-wrapped',
      'no-value',
      'application-name',
      'token',
    ]);
  });

  test('explain undoes a "+" at the beginning that became a space', () => {
    const found = explain(goodWith((signature) => signature.startsWith('+')).replaceAll('+', ' '));
    expect(found).toMatchObject({ verified: true, violations: [{ rule: 'plus-became-space' }] });
  });
});

describe('explain > other instances of each kind', () => {
  const inFront = (text: string | Buffer) => base64(text, ORIGINAL);
  const behind = (text: string) => signText(`${ORIGINAL}${text}`);
  const value = (name: string, text: string) => signValues({ [name]: text });

  test.each<[rules: string, name: string, make: () => string]>([
    ['html-escaped', '&#38;', () => signText(ORIGINAL.replaceAll('&', '&#38;'))],
    ['html-escaped', '&amp;amp;', () => signText(ORIGINAL.replaceAll('&', '&amp;amp;'))],
    ['html-escaped', '¤ read as Latin-1', () => signText(ORIGINAL.replace('&curren', 'Â¤'))],
    ['html-escaped', '¤ that was URL-encoded', () => signText(ORIGINAL.replace('&curren', '%C2%A4'))],
    ['quoted', 'typographic quotes', () => `“${signValues()}”`],
    ['quoted,whole-response', 'JSON in JSON', () => JSON.stringify(JSON.stringify({ signature: signValues() }))],
    ['whole-response,empty', 'an empty member', () => '{"signature":""}'],
    ['json-without-signature', 'a member that is null', () => '{"signature":null}'],
    ['text-around', 'an object without quotes, from a shell', () => `{signature:${signValues()},expireTime:1}`],
    ['text-around', 'the URL of a request', () => `https://a.example/?signature=${encodeURIComponent(signValues())}`],
    ['object-as-text', 'an array of .NET', () => 'System.Byte[]'],
    ['object-as-text', 'an array of Java', () => '[B@1b2c6ec2'],
    ['object-as-text', 'a coroutine', () => '<coroutine object sign at 0x7f3e>'],
    ['function-as-text', 'an arrow function', () => 'async () => fetch("/sign")'],
    ['placeholder', 'a template', () => '{{ signature }}'],
    ['jwt', 'a header with a JWT', () => `Bearer ${SPOILED['a JWT']()}`],
    ['other-signature', 'the signature of COS', () => 'q-sign-algorithm=sha1&q-ak=AKIDx&q-signature=abc'],
    [
      'user-sig',
      'a UserSig',
      () => deflateSync('{"TLS.ver":"2.0","TLS.identifier":"abcdefghijkl"}').toString('base64'),
    ],
    ['html-page', 'an error of a gateway', () => '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>'],
    ['not-base64', 'an error in plain text', () => '404 page not found'],
    ['mac-as-text,sha256', 'SHA-256 as text', () => inFront(mac(ORIGINAL, SECRET_KEY, 'sha256').toString('latin1'))],
    ['mac-as-text', 'SHA-256 as text, and lost', () => inFront(mac(ORIGINAL, SECRET_KEY, 'sha256').toString())],
    ['mac-as-text,wrong-mac', 'as text, and another key', () => inFront(mac(ORIGINAL, 'another').toString('latin1'))],
    [
      'mac-as-text,utf-16',
      'UTF-16',
      () => Buffer.from(mac(ORIGINAL).toString('latin1') + ORIGINAL, 'utf16le').toString('base64'),
    ],
    ['mac-in-hex,md5', 'MD5 in hex', () => inFront(mac(ORIGINAL, SECRET_KEY, 'md5').toString('hex'))],
    ['mac-alone', 'MD5 alone', () => mac(ORIGINAL, SECRET_KEY, 'md5').toString('base64')],
    ['mac-length', 'SHA-512', () => inFront(mac(ORIGINAL, SECRET_KEY, 'sha512'))],
    ['original-in-base64', 'an original in Base64', () => base64(mac(ORIGINAL), base64(ORIGINAL))],
    ['separator', 'a colon behind the MAC', () => base64(mac(ORIGINAL), ':', ORIGINAL)],
    ['byte-order-mark', 'a byte order mark', () => signText(`\ufeff${ORIGINAL}`)],
    ['no-mac', 'no MAC, and a value in hex', () => base64(`${ORIGINAL}&sourceContext=${'0f'.repeat(20)}`)],
    ['no-ampersand', 'semicolons', () => signText(ORIGINAL.replaceAll('&', '; '))],
    ['leading-sign,trailing-sign', 'signs at both ends', () => signText(`?${ORIGINAL}&`)],
    ['empty-parameter', '"&&"', () => signText(ORIGINAL.replace('&random', '&&random'))],
    ['quoted-value', 'quotes around each value', () => signText(ORIGINAL.replace(/=([^&]*)/g, '="$1"'))],
    ['blank-in-value', 'a line break in the SecretId', () => value('secretId', `${SECRET_ID}\n`)],
    ['key-with-blank', 'a key with CR and LF', () => signText(ORIGINAL, `${SECRET_KEY}\r\n`)],
    ['key-with-quotes', 'a key in quotes', () => signText(ORIGINAL, `"${SECRET_KEY}"`)],
    ['key-without-value', 'an empty key', () => signText(ORIGINAL, '')],
    ['key-with-prefix', 'the key of the server API', () => signText(ORIGINAL, `TC3${SECRET_KEY}`)],
    ['application-name', 'SubAppId', () => behind('&SubAppId=1')],
    ['unknown', 'VodSubAppId', () => behind('&VodSubAppId=1')],
    ['token', 'sessionToken', () => behind('&sessionToken=x')],
    ['no-value', 'None of Python', () => value('procedure', 'None')],
    ['no-value', 'vodSubAppId undefined', () => value('vodSubAppId', 'undefined')],
    ['missing', 'an empty random', () => value('random', '')],
    ['out-of-bounds', 'storageRegion with capitals', () => value('storageRegion', 'Chongqing')],
    [
      'milliseconds,milliseconds',
      'microseconds',
      () => signValues({ currentTimeStamp: 1571215095e6, expireTime: 1571301495e6 }),
    ],
  ])('explain reports the rules %s for %s', (rules, _, make) => {
    expect(
      explain(make())
        .violations.map(({ rule }) => rule)
        .join(),
    ).toBe(rules);
  });

  test.each([
    ['compressed data', [0x78, 0x9c]],
    ['a parameter', [0x6b, 0x3d], [0x26]],
    ['"&"', [0x26]],
    ['a blank', [0x20]],
    ['a quote', [0x22], [0x22]],
  ])('explain reports no rule for a MAC that begins as %s does', (_, first, last: readonly number[] = []) => {
    for (let filling = 0x80; filling < 0xc0; filling++) {
      const bytes = [...first, ...Array<number>(20 - first.length - last.length).fill(filling), ...last];
      expect(messages(base64(Buffer.from(bytes), ORIGINAL), { sealKeys: [] })).toEqual([]);
    }
  });
});

describe('explain > without a key', () => {
  const noKey: Keys = { sealKeys: [] };
  /** The rules that it reports instead, because it has no key. */
  const instead = ['perhaps-swapped', 'secret-key-as-id', 'no-original'];

  test.each(names)('explain without a key prints no message that is not true of: %s', (name) => {
    const { violations, verified } = explain(SPOILED[name](), noKey);
    expect(verified).toBe(false);
    const unexpected = violations.filter(({ message }) => !EXPECTED[name].includes(message));
    expect(unexpected.filter(({ rule }) => !instead.includes(rule))).toEqual([]);
  });
});

describe('explain > secrets', () => {
  const swapped = { ...GOOD, secretId: SECRET_KEY };
  const leaks: readonly (readonly [name: string, make: () => string])[] = [
    ['swapped, with line breaks', () => signValues(swapped, SECRET_ID).replace(/.{76}/g, '$&\n')],
    ['swapped, in a whole response', () => JSON.stringify({ signature: signValues(swapped, SECRET_ID) })],
    ['swapped, and the MAC in hex', () => base64(mac(queryOf(swapped), SECRET_ID).toString('hex') + queryOf(swapped))],
    ['swapped, and the MAC lost', () => base64(mac(queryOf(swapped), SECRET_ID).toString() + queryOf(swapped))],
    ['swapped, with a line break in the key', () => signValues({ secretId: `${SECRET_KEY}\n` }, SECRET_ID)],
    ['swapped, its end cut', () => signValues(swapped, SECRET_ID).slice(0, 120)],
    ['swapped, its first characters lost', () => signValues(swapped, SECRET_ID).slice(2)],
    ['swapped, as JSON', () => signText(JSON.stringify(swapped), SECRET_ID)],
    ['swapped, and not encoded', () => queryOf(swapped)],
    ['in its source context', () => signValues({ sourceContext: `key=${SECRET_KEY}` })],
    ['as a name', () => signText(`${ORIGINAL}&sourceContext=a&${SECRET_KEY}`)],
    ['in a name that is shortened', () => signText(`${ORIGINAL}&${'x'.repeat(20)}${SECRET_KEY}=1`)],
    ['in front of the original', () => base64(SECRET_KEY, ORIGINAL)],
    ['in a response next to the signature', () => JSON.stringify({ signature: signValues(), secretKey: SECRET_KEY })],
    ['in a response without a signature', () => JSON.stringify({ error: SECRET_KEY })],
    ['in a command', () => `$(sign --key ${SECRET_KEY})`],
    ['as the whole text', () => `${SECRET_KEY}\n`],
  ];

  test.each(leaks)('explain requires another key and never prints the secret: %s', async (_, make) => {
    const found = explain(make());
    expect(JSON.stringify(found)).not.toContain(SECRET_KEY);
    expect(found.violations.map(({ message }) => message).join()).toMatch(/replace|another one/);
    for (const options of [[], ['--json']]) {
      const { out } = await vod(['explain', ...options, '--', make()], { VOD_SECRET_KEY: SECRET_KEY });
      expect(out).not.toContain(SECRET_KEY);
      // Not even the half of it.
      expect(out).not.toContain(SECRET_KEY.slice(0, 16));
    }
  });

  test('explain never prints an unknown SecretKey in place of the SecretId', async () => {
    const { out } = await vod(['explain', SPOILED['SecretId and SecretKey swapped']()]);
    expect(out).toMatch(/secretId has the form of a SecretKey.*replace this key pair now/);
    expect(out).not.toContain(SECRET_KEY);
  });

  test('explain reports that the known key pair is swapped, and never prints the secret', () => {
    const found = explain(SPOILED['SecretId and SecretKey swapped'](), {
      secretId: SECRET_KEY,
      secretKey: SECRET_ID,
      sealKeys: [],
    });
    expect(found.violations.map(({ rule }) => rule)).toEqual(['swapped']);
    expect(found.violations[0]?.message).toMatch(/swapped in the key pair.*replace this key pair now/);
    expect(JSON.stringify(found)).not.toContain(SECRET_KEY);
  });
});

describe('explain > random damage', () => {
  const alphabet = Array.from('ABCDwxyz0189+/=-_%&;<>"\'\\ \n\r\t#.,:*é¤\u00a0\u202e\ufeff');
  type Change = (text: string, at: number, sign: string) => string;
  const changes: readonly Change[] = [
    (text, at, sign) => text.slice(0, at) + sign + text.slice(at + 1),
    (text, at, sign) => text.slice(0, at) + sign + text.slice(at),
    (text, at) => text.slice(0, at) + text.slice(at + 1),
    (text, at) => text.slice(0, at) + text.slice(at + 4),
    (text, at) => text.slice(at),
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(at) + text.slice(0, at),
    (text, at) => text.slice(0, at) + text.slice(at).toLowerCase(),
    (text, _, sign) => text.replaceAll('+', sign),
    (text, at) => Buffer.from(text.slice(0, at)).toString('base64') + text.slice(at),
    (text, at) =>
      text.slice(0, at) +
      Array.from(text.slice(at, at + 9))
        .reverse()
        .join('') +
      text.slice(at + 9),
  ];
  const mutations = fc.array(fc.tuple(fc.constantFrom(...changes), fc.nat(400), fc.constantFrom(...alphabet)), {
    minLength: 1,
    maxLength: 3,
  });
  const mutate = (signature: string, steps: readonly (readonly [Change, number, string])[]) =>
    steps.reduce((text, [change, at, sign]) => change(text, at % (text.length + 1), sign), signature);

  test('10 000 changes of a good signature throw nothing, show no secret, and are not valid (a fifth of them in the usual run)', () => {
    const good = signValues({ sourceContext: 'order=7', storageRegion: 'ap-tokyo' });
    expect(explain(good)).toMatchObject({ violations: [], verified: true });
    fc.assert(
      fc.property(mutations, (steps) => {
        const changed = mutate(good, steps);
        fc.pre(changed !== good);
        const found = explain(changed);
        expect(found.violations).not.toEqual([]);
        expect(JSON.stringify(found)).not.toContain(SECRET_KEY);
      }),
      { numRuns: runs(10_000, 2_000) },
    );
  });

  test('changes of a signature with SecretId and SecretKey swapped show no secret', () => {
    const swapped = SPOILED['SecretId and SecretKey swapped']();
    fc.assert(
      fc.property(mutations, (steps) => {
        const found = JSON.stringify(explain(mutate(swapped, steps)));
        expect(found).not.toContain(SECRET_KEY);
      }),
      { numRuns: runs(2_000, 500) },
    );
  });

  test('changes of any spoiled signature throw nothing, and are not valid', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), mutations, (name, steps) => {
        const spoiled = SPOILED[name]();
        const { violations, verified } = explain(mutate(spoiled, steps));
        expect(violations.length > 0 || verified).toBe(true);
      }),
    );
  });

  const long = (text: string) => text.repeat(Math.ceil(49_000 / text.length)).slice(0, 49_000);
  const encoded = (text: string) =>
    Buffer.from(`${'\x80'.repeat(20)}secretId=a&${long(text)}`.slice(0, 36_000)).toString('base64');
  test.each(['=', ' ', '\n', '[', '"', '%41', '\\', '&#65;', '1,', '<a ', '(', 'eyJ.', 'signature=', 'secretId='])(
    'a long text of %j is explained within seconds',
    (text) => {
      for (const hostile of [long(text), `x${long(text)}x`, encoded(text)]) {
        const start = performance.now();
        expect(explain(hostile).violations).not.toEqual([]);
        expect(performance.now() - start).toBeLessThan(5_000);
      }
    },
  );

  test('explain does not read a text that is far too long', () => {
    expect(messages('A'.repeat(1_000_000))).toEqual([
      'it has 1000000 characters, far more than a signature: send the signature only',
    ]);
  });
});

describe('vod explain', () => {
  const context = { now: () => NOW * 1000 };
  const env = { VOD_SECRET_KEY: SECRET_KEY };

  test('vod explain takes a whole response as it was pasted', async () => {
    const pasted = `${JSON.stringify({ signature: signValues(), expireTime: 1 }, null, 2)}\n`;
    const { code, out } = await vod(['explain', pasted], env, context);
    expect([code, out.split('\n').slice(0, 2)]).toEqual([
      1,
      ['NOT valid', '  whole-response: it is a whole JSON response: send only its member "signature"'],
    ]);
    expect(out).toContain('vodSubAppId       1500000001');
  });

  test('vod explain prints text that looks like a command, and control and bidirectional characters, as text', async () => {
    const sourceContext = '$(rm -rf ~) `id`\nvalid\u202e\u001b[2J';
    const { code, out } = await vod(['explain', signValues({ sourceContext })], env, context);
    expect([code, out.split('\n')[0]]).toEqual([0, 'valid']);
    expect(out).toContain('sourceContext     $(rm -rf ~) `id`\\u000avalid\\u202e\\u001b[2J');
  });

  test('vod explain escapes quoted text', async () => {
    const { out } = await vod(['explain', signText(`${ORIGINAL}&x%0Avalid%E2%80%AE=1`)], env, context);
    expect(out).toContain('"x\\u000avalid\\u202e" is not a parameter of a signature');
  });

  test('vod explain takes the URL of an upload request', async () => {
    const url = `https://vod2.qcloud.com/v3/index.php?signature=${encodeURIComponent(signValues())}`;
    const { out } = await vod(['explain', url], env, context);
    expect(out).toContain('text-around: there is other text around it: send only the value of `signature`');
  });
});
