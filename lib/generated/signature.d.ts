// Made by `npm run generate` from lib/vod/schemas.ts: do not edit.
import type { ErrorObject } from 'ajv';
import type { FromSchema } from 'json-schema-to-ts';
import type { schemas } from '../vod/schemas';

interface Validate<T> {
  (data: unknown): data is T;
  errors?: ErrorObject[] | null;
}
type From<Name extends keyof (typeof schemas)['signature']> = FromSchema<(typeof schemas)['signature'][Name]>;
export declare const signatureParameters: Validate<From<'signatureParameters'>>;
export declare const signatureRequest: Validate<From<'signatureRequest'>>;
export declare const keyPair: Validate<From<'keyPair'>>;
