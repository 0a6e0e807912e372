import { refusal } from '../refuse-files.ts';
import type { ByteSource } from './byte-source.ts';

const pieceBytes = 4 * 1024 * 1024;

/** `length` bytes from `offset` on, in pieces. Throws `model.refused` when the source ends before. */
export async function* readInPieces(
  source: ByteSource,
  offset: number,
  length: number,
): AsyncGenerator<Buffer> {
  let done = 0;
  while (done < length) {
    const piece = await source.read(offset + done, Math.min(pieceBytes, length - done));
    if (piece.length === 0) throw refusal(`${source.name} ended while it was read`);
    yield piece;
    done += piece.length;
  }
}
