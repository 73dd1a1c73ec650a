/**
 * A command that sends a callback again. The URL has the token, which the page does not know: it is a variable.
 *
 * @param {string} body
 * @param {string} hint where the URL is
 */
export function curlCommand(body, hint) {
  return `${hint}
curl -i "$CALLBACK" -H 'content-type: application/json' --data-raw ${quoted(body)}`;
}

/** For a POSIX shell. */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
