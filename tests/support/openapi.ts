import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import { parse } from 'yaml';

export interface Schema {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Content {
  readonly schema: Schema;
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}

/** A body of the document: of a request, or of a response. */
export interface Body {
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Response extends Body {
  readonly headers?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
}

export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema: Schema; readonly example: unknown }[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Response>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const SCHEMAS = '#/components/schemas/';

export const committed = readFileSync(join(__dirname, '../../docs/openapi.yaml'), 'utf8');
const source: unknown = parse(committed);
const document = resolve(source) as OpenApi;
export const { webhooks } = document;
const { schemas } = document.components;

/** The node with what it refers to in place of each reference, except references to schemas. */
function resolve(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(resolve);
  if (typeof node !== 'object' || node === null) return node;
  if ('$ref' in node && typeof node.$ref === 'string' && !node.$ref.startsWith(SCHEMAS)) {
    return resolve(lookUp(node.$ref));
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value)]));
}

function lookUp(reference: string): unknown {
  const names = reference.slice('#/'.length).split('/');
  return names.reduce<unknown>((node, name) => (node as Readonly<Record<string, unknown>>)[name], source);
}

/** Its `errors` are those of the last {@link fits}. */
export const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });

/** A schema of the document, which refers to others by their names alone. */
function named(schema: Schema): object {
  return JSON.parse(JSON.stringify(schema).replaceAll(SCHEMAS, '')) as object;
}
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(named(schema), name);

/** Whether a value is what a schema of the document describes. */
export function fits(schema: Schema, value: unknown): boolean {
  return ajv.validate(named(schema), value);
}

/** Refers to the schema of this name. */
export const component = (name: string): Schema & { readonly $ref: string } => ({ $ref: `${SCHEMAS}${name}` });

/** The properties of the schema of this name, or of an object in it, such as `data`. */
export function propertiesOf(name: string, object?: string): Readonly<Record<string, Schema>> {
  const { [name]: { properties = {} } = {} } = schemas;
  return object === undefined ? properties : (properties[object]?.properties ?? {});
}

/** By route key, such as `GET /uploads/{fileId}`. */
export const operations: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
  ),
);

/** The responses of a route, by status. */
export function responsesOf(route: string): Readonly<Record<string, Response>> {
  return operations[route]?.responses ?? {};
}

/** The differences between a response and the document. */
export function violationsIn(
  route: string,
  status: number | undefined,
  headers: Readonly<Record<string, unknown>>,
  body: string,
): string[] {
  const { [String(status)]: response } = responsesOf(route);
  if (!response) return [`status ${String(status)} is not in the document`];
  const wrong = Object.entries(response.headers ?? {}).filter(([name, { schema }]) => !fits(schema, headers[name]));
  const unknown = Object.keys(headers).filter((name) => name !== 'content-type' && !response.headers?.[name]);
  const problems = [...wrong.map(([name]) => `header ${name}`), ...unknown];
  if (!response.content) return body === '' ? problems : [...problems, 'the response has a body'];
  const content = response.content[String(headers['content-type'])];
  if (!content) return [...problems, `content type ${String(headers['content-type'])} is not in the document`];
  return fits(content.schema, JSON.parse(body)) ? problems : [...problems, ajv.errorsText()];
}
