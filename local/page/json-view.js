import { element } from './element.js';

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null/gi;

/**
 * JSON spread over lines and in colours; any other text as it is.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function jsonView(text) {
  const pretty = format(text);
  if (pretty === undefined) return [text];
  const parts = [];
  let end = 0;
  for (const match of pretty.matchAll(TOKEN)) {
    const [token, string, colon = ''] = match;
    parts.push(pretty.slice(end, match.index));
    parts.push(element('span', { className: classOf(string, colon) }, string ?? token), colon);
    end = match.index + token.length;
  }
  return [...parts, pretty.slice(end)];
}

function format(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

function classOf(string, colon) {
  if (string === undefined) return 'json-literal';
  return colon === '' ? 'json-string' : 'json-key';
}
