import type { RequestHeaders } from '../../kernel/ports/http-routes.ts';

const sane = /^[\x21-\x7e][\x20-\x7e]{0,511}$/;

/**
 * The id that the client gave its request (`x-client-request-id`, else `x-request-id`), `null` when it gave none
 * or it is not 1 to 512 printable ASCII characters. It is logged and echoed beside ours, never used instead of
 * it: a client may send one id twice.
 */
export function clientRequestId(headers: RequestHeaders): string | null {
  const given = headers['x-client-request-id'] ?? headers['x-request-id'];
  return typeof given === 'string' && sane.test(given) ? given : null;
}
