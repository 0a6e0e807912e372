import type { ServerResponse } from 'node:http';

/** The body of an answer that goes out piece by piece. */
export interface EventStream {
  /** Returns false when the client reads slowly. */
  write(piece: Buffer): boolean;
  end(): void;
}

const lineEnd = '\r\n';
const lastChunk = `0${lineEnd}${lineEnd}`;

/**
 * Sends the head and returns the body. Chunks are framed here, each in one Buffer (RFC 9112, section 7.1): the server
 * of Node would write three pieces for each, which is most of what an event costs. It still decides whether there are
 * chunks at all: clients of HTTP/1.0 get none.
 */
export function beginEventStream(response: ServerResponse, headers: readonly string[]): EventStream {
  response.writeHead(200, [...headers]);
  const chunked = response.chunkedEncoding;
  response.chunkedEncoding = false;
  return {
    write: (piece) => response.destroyed || response.write(chunked ? asChunk(piece) : piece),
    end() {
      if (chunked) response.end(lastChunk);
      else response.end();
    },
  };
}

function asChunk(piece: Buffer): Buffer {
  const size = piece.length.toString(16) + lineEnd;
  const chunk = Buffer.allocUnsafe(size.length + piece.length + lineEnd.length);
  chunk.write(size, 0, 'latin1');
  piece.copy(chunk, size.length);
  chunk.write(lineEnd, size.length + piece.length, 'latin1');
  return chunk;
}
