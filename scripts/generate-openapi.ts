// Writes the schemas that functions validate with into docs/openapi.yaml, between two comments. The rest of the document and
// the descriptions of these schemas are written by hand. `npm run generate` runs it; the tests fail when the document is out
// of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, parse, visit } from 'yaml';
import { schemas } from '../lib/vod/schemas';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly maxLength?: number;
  readonly maxBytes?: number;
  readonly wellFormed?: boolean;
}

const SCHEMAS: Readonly<Record<string, Schema>> = {
  FileId: schemas.events.uploadEvent.properties.FileId,
  SignatureRequest: schemas.signature.signatureRequest,
  UploadEvent: schemas.events.uploadEvent,
};
/** The lines between the two comments. */
const GENERATED = /(?<=^ *# Generated from lib\/vod\/schemas\.ts.*\n)[^]*(?=^ *# End of the generated schemas)/m;
const INDENT = 4;
const LINE_WIDTH = 120;
/** Longer strings are written over several lines. */
const MAX_PLAIN = 90;

/** Returns the text of docs/openapi.yaml with its generated part up to date. */
export function generateOpenapi(text: string): string {
  const { components } = parse(text) as { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } };
  const yaml = Object.entries(SCHEMAS)
    .map(([name, schema]) => formatYaml({ [name]: documentSchema(schema, components.schemas[name]) }))
    .join('\n');
  return text.replace(GENERATED, () => yaml.replace(/^(?=.)/gm, ' '.repeat(INDENT)));
}

/**
 * Returns the schema in standard keywords, with the descriptions of the documented one. `maxBytes` becomes `maxLength`,
 * because a character has at least one byte; `wellFormed` is dropped, because JSON in UTF-8 has no lone surrogates.
 */
function documentSchema(schema: Schema, documented: Schema = {}): Schema {
  const { maxBytes, wellFormed: _, properties, ...keywords } = schema;
  const { description } = documented;
  return {
    ...(description !== undefined && { description }),
    ...keywords,
    ...(maxBytes !== undefined && { maxLength: keywords.maxLength ?? maxBytes }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [
          name,
          documentSchema(property, documented.properties?.[name]),
        ]),
      ),
    }),
  };
}

/** Formats as prettier does. */
function formatYaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
    Scalar: (_, scalar) => {
      if (String(scalar.value).length > MAX_PLAIN) scalar.type = 'BLOCK_FOLDED';
    },
  });
  return document.toString({ lineWidth: LINE_WIDTH - INDENT, singleQuote: true, flowCollectionPadding: false });
}

if (require.main === module) {
  const file = join(__dirname, '../docs/openapi.yaml');
  writeFileSync(file, generateOpenapi(readFileSync(file, 'utf8')));
}
