// Compiles the schemas to plain validators (ajv's standalone code), so that no function compiles one at start.
// `npm run generate` writes them; the tests fail when they are out of date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, _, str, type CodeKeywordDefinition } from 'ajv';
import standaloneCode from 'ajv/dist/standalone';
import { schemas } from '../lib/vod/schemas';

/** The length of a string in UTF-8: what VOD and DynamoDB count, where `maxLength` counts characters. */
const maxBytes: CodeKeywordDefinition = {
  keyword: 'maxBytes',
  type: 'string',
  schemaType: 'number',
  code(context) {
    context.fail(_`Buffer.byteLength(${context.data}) > ${context.schemaCode}`);
  },
  error: { message: ({ schemaCode }) => str`must have at most ${schemaCode} bytes` },
};

/** No lone surrogates: they cannot be percent-encoded, and would come back as other text. */
const wellFormed: CodeKeywordDefinition = {
  keyword: 'wellFormed',
  type: 'string',
  schemaType: 'boolean',
  code(context) {
    context.fail(_`!${context.data}.isWellFormed()`);
  },
  error: { message: 'must be well-formed Unicode' },
};

/** File name in `lib/generated` -> content. */
export function generate(): Record<string, string> {
  const header = '// Made by `npm run generate` from lib/vod/schemas.ts: do not edit.\n';
  const files: Record<string, string> = {};
  for (const [file, members] of Object.entries(schemas)) {
    const ajv = new Ajv({ allErrors: true, code: { source: true, lines: true }, keywords: [maxBytes, wellFormed] });
    const schemaOf: Record<string, object> = members;
    const names = Object.keys(schemaOf);
    for (const [name, schema] of Object.entries(schemaOf)) ajv.addSchema(schema, name);
    files[`${file}.js`] = `${header}${standaloneCode(ajv, Object.fromEntries(names.map((name) => [name, name])))}\n`;

    files[`${file}.d.ts`] =
      `${header}import type { ErrorObject } from 'ajv';\nimport type { FromSchema } from 'json-schema-to-ts';\n` +
      `import type { schemas } from '../vod/schemas';\n\n` +
      'interface Validate<T> {\n  (data: unknown): data is T;\n  errors?: ErrorObject[] | null;\n}\n' +
      `type From<Name extends keyof (typeof schemas)['${file}']> = FromSchema<(typeof schemas)['${file}'][Name]>;\n` +
      names.map((name) => `export declare const ${name}: Validate<From<'${name}'>>;\n`).join('');
  }
  return files;
}

if (require.main === module) {
  const folder = join(__dirname, '../lib/generated');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(generate())) writeFileSync(join(folder, name), content);
}
