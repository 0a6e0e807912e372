import type { Route } from '@samovar/contract/route';
import { SamovarError } from '../../kernel/errors.ts';
import type { BoundRoute, ManagementReply, ManagementRequest } from '../../kernel/ports/http-routes.ts';
import type { Principal } from '../../kernel/principal.ts';
import { consoleErrorBody, consoleErrorResponse } from './console-error.ts';

/** A request of a route that needs a key. */
export type ConsoleRequest = Omit<ManagementRequest, 'principal'> & { readonly principal: Principal };

const errorResponses: Route['responses'] = Object.fromEntries(
  [
    [400, 'The request is not valid.'],
    [401, 'The API key is missing or not valid.'],
    [403, 'The key lacks a permission.'],
    [404, 'There is no such thing in the project of the key.'],
    [409, 'It is not possible in the present state.'],
    [500, 'Something went wrong on our side.'],
    [503, 'The database is away.'],
  ].map(([status, description]) => [status, consoleErrorResponse(Number(status), String(description))]),
);

/** Of routes to which a body may be sent. */
const bodyErrors: Route['responses'] = {
  413: consoleErrorResponse(413, 'The body is too large.'),
  415: consoleErrorResponse(415, 'The body is not JSON, or compressed.'),
};

/** A route of the console API: management lane, our error body, always with a key. */
export function consoleRoute(
  route: Omit<Route, 'lane'>,
  handle: (request: ConsoleRequest) => Promise<ManagementReply>,
): BoundRoute {
  return {
    route: {
      ...route,
      lane: 'management',
      responses: { ...route.responses, ...errorResponses, ...(route.method === 'GET' ? {} : bodyErrors) },
    },
    errorBody: consoleErrorBody,
    handle: async (request: ManagementRequest) => {
      const { principal } = request;
      if (principal === null) throw new SamovarError('access.key_missing');
      return await handle({ ...request, principal });
    },
  };
}

/** `2026-11-23T12:00:00.000Z`, or `null`. */
export function timeText(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}

/** A point in time that a client sent as a date or as RFC 3339. Throws `request.invalid`. */
export function parseTime(parameter: string, text: string): Date {
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : null;
  if (time === null || Number.isNaN(time.getTime()))
    throw new SamovarError('request.invalid', {
      params: {
        parameter,
        reason: 'it must be a date (2026-11-23) or a time with its zone (2026-11-23T12:00:00Z).',
      },
      field: parameter,
    });
  return time;
}
