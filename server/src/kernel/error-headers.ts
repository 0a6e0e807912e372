import type { SamovarError } from './errors.ts';

/**
 * The headers that an error carries over HTTP, whatever its body looks like: its own, `WWW-Authenticate` with every
 * 401, and `Retry-After` (whole seconds, at least one) where waiting helps, which it always may with a 503.
 */
export function errorHeaders(error: SamovarError): Record<string, string> {
  const headers: Record<string, string> = { ...error.headers };
  const { httpStatus } = error.entry;
  if (httpStatus === 401) headers['www-authenticate'] = 'Bearer';
  const waitSeconds = error.retryAfterSeconds ?? (httpStatus === 503 ? 1 : null);
  if (waitSeconds !== null) headers['retry-after'] = String(Math.max(1, Math.ceil(waitSeconds)));
  return headers;
}
