import type { RequestHeaders } from '../../kernel/ports/http-routes.ts';

/** The API key of a request: `Authorization: Bearer …` or `Api-Key …` (any case), else `api-key` or `x-api-key`. `null` without one. */
export function readKey(headers: RequestHeaders): string | null {
  const authorization = headers.authorization;
  if (typeof authorization === 'string') {
    const space = authorization.indexOf(' ');
    const scheme = authorization.slice(0, space).toLowerCase();
    if (scheme !== 'bearer' && scheme !== 'api-key') return null;
    return authorization.slice(space + 1).trim() || null;
  }
  const other = headers['api-key'] ?? headers['x-api-key'];
  return typeof other === 'string' && other !== '' ? other : null;
}
