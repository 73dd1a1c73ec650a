/** A route key of an HTTP API, for example `GET /uploads/{fileId}`. */
export interface RoutePattern {
  readonly key: string;
}

/** Matches `GET /a/{b}`: a method and a path in which a whole segment may be a parameter. */
export const SUPPORTED_ROUTE = /^[A-Z]+ (\/|(\/([^/{}*]+|\{\w+\}))+)$/;

/** The route of a request, with its path parameters. As at API Gateway, a route without parameters takes precedence. */
export function matchRoute<R extends RoutePattern>(
  routes: readonly R[],
  method: string,
  path: string,
): { readonly route: R; readonly pathParameters: Readonly<Record<string, string>> } | undefined {
  const exact = routes.find(({ key }) => key === `${method} ${path}`);
  if (exact) return { route: exact, pathParameters: {} };
  for (const route of routes) {
    const pathParameters = matchSegments(route.key, `${method} ${path}`);
    if (pathParameters) return { route, pathParameters };
  }
  return undefined;
}

function matchSegments(key: string, request: string): Record<string, string> | undefined {
  const pattern = key.split('/');
  const segments = request.split('/');
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name === undefined && expected !== segment) return undefined;
    if (name === undefined) continue;
    if (segment === '') return undefined;
    parameters[name] = decode(segment);
  }
  return parameters;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
