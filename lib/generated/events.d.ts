// Made by `npm run generate` from lib/vod/schemas.ts: do not edit.
import type { ErrorObject } from 'ajv';
import type { FromSchema } from 'json-schema-to-ts';
import type { schemas } from '../vod/schemas';

interface Validate<T> {
  (data: unknown): data is T;
  errors?: ErrorObject[] | null;
}
type From<Name extends keyof (typeof schemas)['events']> = FromSchema<(typeof schemas)['events'][Name]>;
export declare const uploadEvent: Validate<From<'uploadEvent'>>;
export declare const deletionEvent: Validate<From<'deletionEvent'>>;
