import type { ErrorCode } from '../../lib/platform/errors';
import { problems } from '../../lib/platform/http';

type Examples = Readonly<Record<string, { readonly value: unknown }>>;

export const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
export const json = (schema: object, examples: Examples) => ({ 'application/json': { schema, examples } });
export const gateway = (message: string) => json(ref('schemas', 'GatewayMessage'), { gateway: { value: { message } } });
export const cacheControl = { 'cache-control': { description: 'Never cached.', schema: { const: 'no-store' } } };

/** What an example of a problem has beside type, title and status. */
interface ProblemExample {
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** A refusal with one or several examples, by name. */
export function problem(code: ErrorCode, description: string, examples: Readonly<Record<string, ProblemExample>>) {
  const [status, title] = problems[code];
  const type = `urn:vod-client-upload:problem:${code}`;
  const values = Object.entries(examples).map(([name, example]) => [
    name,
    { value: { type, title, status, ...example } },
  ]);
  return {
    description,
    headers: cacheControl,
    content: {
      'application/problem+json': {
        schema: ref('schemas', 'Problem'),
        examples: Object.fromEntries(values) as Record<string, { readonly value: unknown }>,
      },
    },
  };
}

/** A refusal that passes: with Retry-After. */
export function temporaryProblem(
  code: ErrorCode,
  description: string,
  examples: Readonly<Record<string, ProblemExample>>,
  wait: { readonly description: string; readonly example: string },
) {
  return {
    ...problem(code, description, examples),
    headers: { ...cacheControl, ...retryAfter(wait.description, wait.example) },
  };
}

/** A response that the gateway may return in place of the function, in its own shape. */
export function orGateway<Response extends { readonly content: object }>(
  response: Response,
  message: string,
): Response {
  return { ...response, content: { ...response.content, ...gateway(message) } };
}

export const serviceFailed = {
  description:
    'The function failed; `detail` names the request under which its log has the cause. Or the gateway reports that it crashed.',
  headers: cacheControl,
  content: {
    'application/problem+json': {
      schema: ref('schemas', 'Problem'),
      examples: {
        failed: {
          value: {
            type: 'about:blank',
            title: 'The service failed',
            status: 500,
            detail:
              'Try again; the operator finds the cause in the log under request 8f5a1c1e-2b5e-4a57-9c55-0a3a7f0b6a11',
          },
        },
      },
    },
    ...gateway('Internal Server Error'),
  },
};

export const gatewayUnavailable = {
  description: 'The gateway reaches no function.',
  content: gateway('Service Unavailable'),
};

const retryAfter = (description: string, example: string) => ({
  'retry-after': { description, schema: { type: 'string', pattern: '^[1-9][0-9]*$' }, example },
});

export const unauthorized = {
  description: 'The gateway does not accept the token.',
  content: gateway('Unauthorized'),
};

export const gatewayThrottled = (requestsPerSecond: number) => ({
  description: `The gateway gets over ${requestsPerSecond} requests a second.`,
  content: gateway('Too Many Requests'),
});

/** @param action as in the function's messages, for example "sign upload" */
export function forbidden(action: string) {
  return problem('forbidden', 'The token does not name a caller.', {
    forbidden: {
      detail: `Cannot ${action}: the token needs a claim "sub" of 1 to 128 bytes that are not all white space`,
    },
  });
}

/**
 * @param action as in the function's messages
 * @param parts of the service that may not answer, such as "the table"
 */
export function unavailable(action: string, parts: readonly string[]) {
  const text = parts.join(' or ');
  const examples = parts.map((part) => [
    part.replace(/^the /, '').replaceAll(' ', '-').toLowerCase(),
    { detail: `Cannot ${action}: ${part} does not answer, retry in 2 s` },
  ]);
  return orGateway(
    temporaryProblem(
      'unavailable',
      `${text.charAt(0).toUpperCase()}${text.slice(1)} does not answer; or the gateway reaches no function, and returns its own shape.`,
      Object.fromEntries(examples) as Record<string, ProblemExample>,
      { description: 'Whole seconds after which to try again.', example: '2' },
    ),
    'Service Unavailable',
  );
}
