// Made by `npm run generate` from lib/schemas.ts: do not edit.
import type { ErrorObject } from 'ajv';
import type { SignatureParameters, SignatureRequest, KeyPair } from '../schemas';

interface Validate<T> {
  (data: unknown): data is T;
  errors?: ErrorObject[] | null;
}
export declare const signatureParameters: Validate<SignatureParameters>;
export declare const signatureRequest: Validate<SignatureRequest>;
export declare const keyPair: Validate<KeyPair>;
