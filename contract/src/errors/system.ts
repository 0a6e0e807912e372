import { defineErrors } from '../error-entry.ts';

export const systemErrors = defineErrors({
  'system.internal': {
    httpStatus: 500,
    grpcStatus: 'INTERNAL',
    message: 'Something went wrong on our side.',
    remedy: 'The log has the details under this request id. Please report it.',
  },
  'system.draining': {
    httpStatus: 503,
    grpcStatus: 'UNAVAILABLE',
    message: 'This server is stopping.',
    remedy: 'Retry: another replica, or the restarted server, will answer.',
  },
  'system.policy_stale': {
    httpStatus: 503,
    grpcStatus: 'UNAVAILABLE',
    message: 'PostgreSQL has been away for too long, so keys can no longer be checked.',
    remedy: 'Restore PostgreSQL; service resumes by itself.',
  },
  'system.database_away': {
    httpStatus: 503,
    grpcStatus: 'UNAVAILABLE',
    message: 'The database is not reachable at the moment.',
    remedy: 'Retry shortly; inference goes on meanwhile.',
  },
  'system.overloaded': {
    httpStatus: 503,
    grpcStatus: 'UNAVAILABLE',
    message: 'The server has too many open requests.',
    remedy: 'Retry after the time in `Retry-After`.',
  },
});
