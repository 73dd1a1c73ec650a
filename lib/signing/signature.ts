import { createHmac, timingSafeEqual } from 'node:crypto';
import { signatureParameters as validate } from '../generated/signature';
import { schemaErrors } from '../platform/errors';
import { MAX_VALIDITY, schemas, type SignatureParameters } from '../vod/schemas';

const order = Object.keys(schemas.signature.signatureParameters.properties) as (keyof SignatureParameters)[];

/**
 * The query string that is signed and sent (266/9221), without absent parameters.
 *
 * Values are encoded with `encodeURIComponent`. The vendor's samples disagree on the encoding; its Node sample produces
 * this one, which never contains a `+`: some decoders read it as a space, others as itself.
 *
 * @throws RangeError that names the parameters that are out of VOD's bounds
 */
export function original(parameters: SignatureParameters): string {
  if (!validate(parameters)) {
    const wrong = schemaErrors(validate.errors).map(({ path, message }) => `${path.slice(1)} ${message}`.trim());
    throw new RangeError(`Cannot sign upload: ${wrong.join(', ')}`);
  }
  const validity = parameters.expireTime - parameters.currentTimeStamp;
  if (validity < 1 || validity > MAX_VALIDITY) {
    throw new RangeError(`Cannot sign upload: expireTime must be 1 to ${MAX_VALIDITY} seconds after currentTimeStamp`);
  }
  let query = '';
  for (const name of order) {
    const { [name]: value } = parameters;
    if (value === undefined) continue;
    query += `${query && '&'}${name}=${typeof value === 'number' ? value : encodeURIComponent(value)}`;
  }
  return query;
}

/** HMAC-SHA1 of `original` under the SecretKey: 20 bytes. */
export function digest(original: string | Uint8Array, secretKey: string): Buffer {
  return createHmac('sha1', secretKey).update(original).digest();
}

/**
 * The upload signature: standard Base64 of digest and original (266/9221).
 *
 * @throws RangeError as {@link original}
 */
export function sign(parameters: SignatureParameters, secretKey: string): string {
  const signed = original(parameters);
  // An original is percent-encoded, so both have one byte for each character: one buffer instead of four.
  const mac = createHmac('sha1', secretKey).update(signed).digest('binary');
  return Buffer.from(mac + signed, 'binary').toString('base64');
}

/**
 * Parses a signature without verifying it, see {@link verify}. The parameters are as VOD reads them: form-decoded, all of
 * them strings, and the last value of a repeated name.
 *
 * @throws RangeError when it is not padded standard Base64 of 20 bytes and at least one more
 */
export function parse(signature: string) {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length <= 20 || bytes.toString('base64') !== signature) {
    throw new RangeError('Cannot read signature: it must be padded standard Base64 of 20 bytes and the parameters');
  }
  const original = bytes.toString('utf8', 20);
  const parameters: Readonly<Record<string, string>> = Object.fromEntries(new URLSearchParams(original));
  return { digest: bytes.subarray(0, 20), signed: bytes.subarray(20), original, parameters };
}

/**
 * Whether a signature was made with this SecretKey. Its expiry and bounds are not checked.
 *
 * @throws RangeError as {@link parse}
 */
export function verify(signature: string, secretKey: string): boolean {
  const { digest: mac, signed } = parse(signature);
  return timingSafeEqual(mac, digest(signed, secretKey));
}
