import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import type { openapi } from '../../scripts/generate-openapi';

/** docs/openapi.json. */
export const committed = readFileSync(join(__dirname, '../../docs/openapi.json'), 'utf8');
export const document = JSON.parse(committed) as ReturnType<typeof openapi>;

/** Its `errors` are those of the last {@link fits}. */
export const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });

/** A schema of the document, which refers to others by their names alone. */
function named(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '')) as object;
}
for (const [name, schema] of Object.entries(document.components.schemas)) ajv.addSchema(named(schema), name);

/** Whether a value is what a schema of the document describes. */
export function fits(schema: object, value: unknown): boolean {
  return ajv.validate(named(schema), value);
}

export const component = (name: keyof typeof document.components.schemas) => ({ $ref: `#/components/schemas/${name}` });
