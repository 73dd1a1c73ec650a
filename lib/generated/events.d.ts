// Made by `npm run generate` from lib/schemas.ts: do not edit.
import type { ErrorObject } from 'ajv';
import type { FileEvent, FilesEvent } from '../schemas';

interface Validate<T> {
  (data: unknown): data is T;
  errors?: ErrorObject[] | null;
}
export declare const fileEvent: Validate<FileEvent>;
export declare const filesEvent: Validate<FilesEvent>;
