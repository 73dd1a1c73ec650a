import type { PropertyError } from '../platform/errors';
import type { Limits } from '../uploads/limits';
import { categoriesOf } from '../vod/file-types';
import type { SignatureRequest } from '../vod/schemas';

/**
 * What of a request the deployment's limits will reject: early, by what the caller says of the file. A caller that says
 * nothing, or something else, gains nothing, because verification judges VOD's own figures.
 */
export function limitViolations(
  { fileName, fileSize }: SignatureRequest,
  { maxBytes, allowedCategories = [] }: Limits,
): PropertyError[] {
  const errors: PropertyError[] = [];
  if (fileSize !== undefined && maxBytes !== undefined && fileSize > maxBytes) {
    errors.push({ path: '/fileSize', message: `must be at most ${maxBytes} bytes` });
  }
  if (fileName !== undefined && allowedCategories.length > 0) {
    const categories = categoriesOf(fileName);
    if (categories.length === 0) {
      errors.push({ path: '/fileName', message: 'must end with a file type that VOD accepts' });
    } else if (!categories.some((category) => allowedCategories.includes(category))) {
      errors.push({ path: '/fileName', message: `must be a file of the category: ${allowedCategories.join(', ')}` });
    }
  }
  return errors;
}
