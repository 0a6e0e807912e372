const lineEnd = '\r\n';

/** What ends a chunked body. */
export const lastChunk = `0${lineEnd}${lineEnd}`;

/** One chunk (RFC 9112, section 7.1) in one Buffer: sent in one piece, which is most of what an event costs. */
export function asChunk(piece: Buffer): Buffer {
  const size = piece.length.toString(16) + lineEnd;
  const chunk = Buffer.allocUnsafe(size.length + piece.length + lineEnd.length);
  chunk.write(size, 0, 'latin1');
  piece.copy(chunk, size.length);
  chunk[chunk.length - 2] = 0x0d;
  chunk[chunk.length - 1] = 0x0a;
  return chunk;
}
