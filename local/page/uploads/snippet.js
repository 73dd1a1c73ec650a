/**
 * The code of an upload with the client package, with the choices made in the form.
 *
 * @param {string} url of the backend
 * @param {Record<string, unknown>} options of the upload
 */
export function getClientCode(url, options) {
  const chosen = Object.keys(options).length === 0 ? '' : `, ${literal(options)}`;
  return `import { createUploads } from '@vod-client-upload/client';

const uploads = createUploads({
  url: ${quoted(url)},
  token: ({ refresh }) => userToken({ refresh }), // the JWT of this user; refresh: the last one was rejected
});

const upload = uploads.upload(file${chosen});
upload.subscribe(({ state, loaded, total }) => console.log(state, loaded / total));
const { fileId } = await upload.uploaded; // VOD has the file: the key of the row
const { status } = await upload.settled; // VOD confirmed the result: ready, failed, held or rejected`;
}

/**
 * The code of an upload with the SDK alone, with the choices made in the form.
 *
 * @param {string} url of the signature's route
 * @param {Record<string, unknown>} requestBody the properties of the request
 */
export function getSignatureCode(url, requestBody) {
  return `// The SDK calls this for every step of an upload, and again for every retry. Request a new signature in each call and
// do not cache it: VOD rejects a one-time signature that was already used, and every signature that has expired.
async function getSignature() {
  const response = await fetch(${quoted(url)}, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: \`Bearer \${await userToken()}\`, // the JWT of this user
    },
    body: JSON.stringify(${literal(requestBody)}),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? body.message);
  return body.signature;
}

// import sdk from 'vod-js-sdk-v6';
// const TcVod = sdk.default ?? sdk; // some bundlers return the module in place of its default export
const uploader = new TcVod({ getSignature }).upload({ mediaFile: file }); // and coverFile, if there is one
uploader.on('media_progress', ({ percent }) => console.log(percent));
const { fileId } = await uploader.done(); // the key of the row`;
}

/** @param {Record<string, unknown>} members */
function literal(members) {
  const entries = Object.entries(members).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? quoted(value) : String(value)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** @param {string} text */
function quoted(text) {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
