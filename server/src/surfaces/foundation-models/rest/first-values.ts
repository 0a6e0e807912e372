import type { RequestHeaders } from '../../../kernel/ports/http-routes.ts';

/** The first value of each header. */
export function firstValues(headers: RequestHeaders): Readonly<Record<string, string | undefined>> {
  const first: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers))
    first[name] = typeof value === 'object' ? value[0] : value;
  return first;
}
