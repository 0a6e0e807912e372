import { SamovarError } from '../../kernel/errors.ts';
import type { BoundRoute, ErrorBody } from '../../kernel/ports/http-routes.ts';
import { toPathPattern } from './path-template.ts';

/** Answers what the route table says about paths that no handler takes. */
export interface RouteIndex {
  /** `request.method_not_allowed` with `Allow` when the path is known, else `request.route_not_found`. */
  noRoute(method: string, path: string): SamovarError;
  /** The error body of the route that has this path, else of the surface under whose first segment it lies. */
  errorBodyOf(path: string): ErrorBody;
}

export function createRouteIndex(routes: readonly BoundRoute[], fallback: ErrorBody): RouteIndex {
  const patterns = routes.map(({ route, errorBody }) => ({
    pattern: toPathPattern(route.path),
    errorBody,
    // A GET that changes something has no HEAD beside it.
    methods: route.method === 'GET' && route.audit === null ? ['GET', 'HEAD'] : [route.method],
  }));
  const bodies = new Map(routes.map((bound) => [firstSegment(bound.route.path), bound.errorBody]));
  return {
    noRoute(method, path) {
      const methods: Set<string> = new Set(
        patterns.filter(({ pattern }) => pattern.test(path)).flatMap((entry) => entry.methods),
      );
      if (methods.size === 0)
        return new SamovarError('request.route_not_found', { params: { method, path: path.slice(0, 200) } });
      return new SamovarError('request.method_not_allowed', {
        params: { method },
        headers: { allow: [...methods].join(', ') },
      });
    },
    errorBodyOf: (path) =>
      patterns.find(({ pattern }) => pattern.test(path))?.errorBody ??
      bodies.get(firstSegment(path)) ??
      fallback,
  };
}

function firstSegment(path: string): string {
  return path.split('/', 2)[1] ?? '';
}
