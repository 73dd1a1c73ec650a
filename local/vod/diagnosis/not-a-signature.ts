import { quote } from './display';
import { isSecretIdShaped } from './names';
import type { Rule } from './rules';

/** How languages write an object, a function or bytes where a text was expected. They contain nothing secret. */
const OBJECT_TEXTS: readonly RegExp[] = [
  /^\[object \w{1,40}\]$/,
  /^Promise \{.{0,80}\}$/s,
  /^<(?:function|coroutine|class|bound|built-in|_\w+|\w+\.\w+)[^<>]{0,200}>$/,
  /^<[^<>]{0,80} object at 0x[0-9a-f]+>$/i,
  /^(?:\[B|[\w.$]{3,80})@[0-9a-f]{4,16}$/,
  /^System\.[\w.[\]`,]{3,80}$/,
  /^#<[^<>]{1,120}>$/,
];
const FUNCTION_TEXT = /^(?:async\s+)?(?:function\b|\([^()]{0,200}\)\s*=>|\w{1,40}\s*=>)/;
const EMPTY_TEXT = /^(?:undefined|null|NaN|None|nil|<nil>|NULL|Null|Nothing|true|false|Infinity)$/;
/** Completes `is the text "undefined"`. */
export const VALUELESS = 'which a variable without a value becomes';
const PLACEHOLDERS: readonly RegExp[] = [
  /^\$\{[^{}]*\}$/,
  /^\$\([^()]*\)$/,
  /^\{\{[^{}]*\}\}$/,
  /^<%[^%]*%>$/,
  /^%[A-Za-z_]\w*%$/,
  /^\$(?:env:)?[A-Za-z_]\w*$/,
  /^%[sdv]$/,
  /^<(?!html|head|body|div|pre|p>)[\w .-]{1,40}>$/i,
  /^<\?(?!xml)[^?]*\?>$/,
  /^\.{3}$|^…$/,
  /^(?:your|my|the)[\s_-]?(?:\w{1,20}[\s_-])?signature$/i,
];

/** Whether a text is how a language writes an object or bytes. */
export function isObjectText(text: string): boolean {
  return OBJECT_TEXTS.some((pattern) => pattern.test(text)) || text === 'Array';
}

/** Whether a text is how a language writes a variable without a value, or one that is not a text. */
export function isValueless(text: string): boolean {
  return (
    (EMPTY_TEXT.test(text) && !/^(?:true|false)$/.test(text)) || isObjectText(text) || /^%!\w?\(.{0,80}\)$/.test(text)
  );
}

/** Whether a text is a place that a template or a shell should have filled. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}

/**
 * The kind of a text that is not a signature at all; `undefined` where it may be one.
 *
 * @param subject the subject of the message: "it", or a part of it
 */
export function recognize(text: string, subject = 'it'): Rule | undefined {
  const send = 'send the text that your signing route returns as `signature`';
  if (text === '') return { rule: 'empty', message: `${subject} is empty: ${send}` };
  if (EMPTY_TEXT.test(text)) {
    return { rule: 'no-value', message: `${subject} is the text "${text}", ${VALUELESS}: ${send}` };
  }
  if (/^(?:\[object Promise\]|Promise \{.{0,80}\}|<coroutine [^<>]{0,200}>)$/s.test(text)) {
    const advice = 'await it, then send its text';
    return { rule: 'object-as-text', message: `${subject} is ${quote(text)}, a promise turned into text: ${advice}` };
  }
  if (isObjectText(text)) {
    const advice = 'send the text in it, the member `signature` of a response';
    return { rule: 'object-as-text', message: `${subject} is ${quote(text)}, an object turned into text: ${advice}` };
  }
  if (FUNCTION_TEXT.test(text)) {
    return { rule: 'function-as-text', message: `${subject} is the source of a function: call it, send its result` };
  }
  if (isPlaceholder(text)) {
    const advice = 'put the signature in its place';
    return { rule: 'placeholder', message: `${subject} is ${quote(text)}, a placeholder: ${advice}` };
  }
  return recognizeOther(text, subject, send);
}

function recognizeOther(text: string, subject: string, send: string): Rule | undefined {
  if (/^<(?:!|\?xml|[A-Za-z][\w:-]*[\s/>])/.test(text)) {
    const advice = `check the URL and the status of the response, then ${send}`;
    return { rule: 'html-page', message: `${subject} is an HTML or XML page, not a signature: ${advice}` };
  }
  const jwt = recognizeJwt(text);
  if (jwt !== undefined) return { rule: 'jwt', message: `${subject} is ${jwt}: ${send}` };
  if (/^(?:[a-z][a-z0-9+.-]{1,20}:\/\/|\/\/[\w-]+\.)\S*$/i.test(text)) {
    return { rule: 'url', message: `${subject} is a URL, not a signature: ${send}` };
  }
  if (/^q-sign-algorithm=|^(?:TC3|AWS4|GOOG4)-HMAC-SHA256\b|^(?:COS|OSS|AWS) \w+:/.test(text)) {
    const message = `${subject} is the signature of another service, or of the server API: ${send}`;
    return { rule: 'other-signature', message };
  }
  if (/^data:[^,]{0,100},/.test(text)) {
    return { rule: 'url', message: `${subject} is a data URL, not a signature: ${send}` };
  }
  if (isSecretIdShaped(text) && text.length < 60) {
    return { rule: 'secret-id-only', message: `${subject} has the form of a SecretId and is not a signature: ${send}` };
  }
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    return { rule: 'uuid', message: `${subject} is a UUID, not a signature: ${send}` };
  }
  return undefined;
}

/** The kind of a JSON Web Token; `undefined` for other texts. */
function recognizeJwt(text: string): string | undefined {
  const [header = '', payload = '', ...rest] = text.replace(/^Bearer\s+/i, '').split('.', 5);
  if (rest.length < 1 || rest.length > 3 || !text.replace(/^Bearer\s+/i, '').startsWith('eyJ')) return undefined;
  if (![header, payload, ...rest].every((part) => /^[\w+/=-]*$/.test(part))) return undefined;
  if (!/^\s*\{/.test(Buffer.from(header, 'base64url').toString('latin1'))) return undefined;
  const claims = Buffer.from(payload, 'base64url').toString('latin1');
  if (/"fileId"\s*:/.test(claims) && /"appId"\s*:/.test(claims)) {
    return 'a player signature (psign), which plays a file, not an upload signature';
  }
  return 'a JWT, such as a login token, not an upload signature';
}
