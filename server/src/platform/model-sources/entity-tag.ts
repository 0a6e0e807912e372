/** What tells these bytes from others, by the headers of an answer; a weak tag does not promise the same bytes. */
export function tagOf(header: (name: string) => string | null): string | null {
  const etag = header('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return header('last-modified');
}
