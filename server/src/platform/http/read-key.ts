import type { IncomingHttpHeaders } from 'node:http';

/** The API key of a request: `Authorization: Bearer …` (any case), else `api-key` or `x-api-key`. `null` without one. */
export function readKey(headers: IncomingHttpHeaders): string | null {
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    const space = authorization.indexOf(' ');
    if (space === 6 && authorization.slice(0, 6).toLowerCase() === 'bearer')
      return authorization.slice(7).trim() || null;
    return null;
  }
  const other = headers['api-key'] ?? headers['x-api-key'];
  return typeof other === 'string' && other !== '' ? other : null;
}
