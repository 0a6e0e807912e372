/**
 * The id of a request in the form `trace:span:parent:1` that clients of the Foundation Models API show for support:
 * the digits of our own request id, so that one search of the log finds it.
 */
export function serverTraceId(requestId: string): string {
  const digits = requestId.replaceAll('-', '');
  const span = digits.slice(16);
  return `${digits}:${span}:${span}:1`;
}
