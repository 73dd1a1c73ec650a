import type { ErrorCode } from '../../lib/platform/errors';
import { problems } from '../../lib/platform/http';

type Examples = Readonly<Record<string, { readonly value: unknown }>>;

export const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
export const json = (schema: object, examples: Examples) => ({ 'application/json': { schema, examples } });
export const gateway = (message: string) => json(ref('schemas', 'GatewayMessage'), { gateway: { value: { message } } });
export const cacheControl = { 'cache-control': { description: 'Never cached.', schema: { const: 'no-store' } } };

export function problem(code: ErrorCode, description: string, detail: string, more: object = {}) {
  const [status, title] = problems[code];
  const value = { type: `urn:vod-client-upload:problem:${code}`, title, status, detail, ...more };
  return {
    description,
    headers: cacheControl,
    content: { 'application/problem+json': { schema: ref('schemas', 'Problem'), examples: { [code]: { value } } } },
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

export const retryAfter = (description: string, example: string) => ({
  'retry-after': { description, schema: { type: 'string', pattern: '^[1-9][0-9]*$' }, example },
});
