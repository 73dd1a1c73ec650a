// File names and types that Apply accepts: https://cloud.tencent.com/document/product/266/2846 and the vendor's SDKs.
import { ACCEPTED_COVER_TYPES, ACCEPTED_TYPES } from './media-types';
import { UploadError } from './upload-signature';

const MAX_NAME_BYTES = 200;
const MAX_QUOTED_LENGTH = 40;
const FORBIDDEN_CHARACTERS = /[/:*?"<>\\|]/;

/** Throws an UploadError if VOD does not accept this `videoType` or `coverType`. */
export function checkFileType(kind: 'video' | 'cover', type: string): void {
  const parameter = `${kind}Type`;
  const accepted = kind === 'video' ? ACCEPTED_TYPES : ACCEPTED_COVER_TYPES;
  if (type === '') throw invalidParameter(parameter, 'is missing', `must be one of: ${accepted.join(', ')}`);
  if (!accepted.includes(type.toLowerCase())) {
    throw invalidParameter(parameter, `${quote(type)} is not supported`, `must be one of: ${accepted.join(', ')}`);
  }
}

/** Throws an UploadError if VOD does not accept this `videoName` or `coverName`. An empty name is accepted. */
export function checkFileName(parameter: 'videoName' | 'coverName', name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) {
    throw invalidParameter(parameter, `has ${bytes} bytes`, `must have at most ${MAX_NAME_BYTES} bytes in UTF-8`);
  }
  if (FORBIDDEN_CHARACTERS.test(name)) {
    throw invalidParameter(
      parameter,
      `${quote(name)} has a forbidden character`,
      'must not contain / : * ? " < > \\ |',
    );
  }
}

function invalidParameter(parameter: string, violation: string, rule: string): UploadError {
  return new UploadError(10001, `ugc upload | invalid request: ${parameter} ${violation}`, `${parameter} ${rule}`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}...` : text);
}
