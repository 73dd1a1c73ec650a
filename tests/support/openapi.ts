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

interface Content {
  readonly schema: object;
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}

/** A body of the document: of a request, or of a response. */
export interface Body {
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Response extends Body {
  readonly headers?: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>;
}

export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema: object; readonly example: unknown }[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Response>>;
}

/** By route key, such as `GET /uploads/{fileId}`. */
export const operations: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  ),
);

/** The responses of a route, by status. */
export function responsesOf(route: string): Readonly<Record<string, Response>> {
  return operations[route]?.responses ?? {};
}

/** What of a response the document does not describe. */
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
