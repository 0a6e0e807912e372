import type { ByteSource } from '../bytes/byte-source.ts';
import { numberReader } from '../numbers/read-numbers.ts';
import { type WrittenType, writeNumbers } from '../numbers/write-numbers.ts';
import { refusal } from '../refuse-files.ts';

/** A matrix, or a row, of weights somewhere in a file. */
export interface StoredTensor {
  readonly source: ByteSource;
  readonly name: string;
  /** Name of the type in safetensors or ggml. */
  readonly type: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** All dimensions but the last, multiplied. */
  readonly rows: number;
  readonly columns: number;
}

const pieceBytes = 4 * 1024 * 1024;

/** How the rows of query and key weights are ordered: heads of so many rows each, whose halves are interleaved or not. */
export interface RowOrder {
  readonly heads: number;
  /** `interleave`: from the hub's order (halves) to ggml's of the Llama family (pairs); `part`: back. */
  readonly way: 'interleave' | 'part';
}

/** What happens to numbers on their way, beside their type. */
export interface PieceChange {
  readonly order: RowOrder | null;
  /** Is added to each number. */
  readonly add: number;
  /** Each number is multiplied by it; 1 unless told. */
  readonly times?: number;
}

/**
 * The tensor's bytes in another type and order, in pieces; memory does not grow with it. Throws `model.refused` for a
 * type that cannot be read.
 */
export async function* convertedPieces(
  tensor: StoredTensor,
  type: WrittenType,
  { order, add, times = 1 }: PieceChange,
): AsyncGenerator<Buffer> {
  const { source, columns, rows } = tensor;
  const read = numberReader(tensor.type);
  if (read === null)
    throw refusal(`the tensor ${tensor.name} has the type ${tensor.type}, which cannot be converted`);
  const rowBytes = tensor.sizeBytes / rows;
  // Rows change places within their head alone: a piece is a whole number of heads.
  const unit = order === null ? 1 : rows / order.heads;
  if (!Number.isInteger(unit) || (order !== null && unit % 2 !== 0))
    throw refusal(`the tensor ${tensor.name} has ${rows} rows, which are no ${order?.heads} heads`);
  const rowsAtOnce = Math.max(1, Math.floor(pieceBytes / rowBytes / unit)) * unit;
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - row);
    const bytes = await source.read(tensor.offset + row * rowBytes, count * rowBytes);
    if (bytes.length < count * rowBytes) throw refusal(`${source.name} ended while it was read`);
    const same = order === null && add === 0 && times === 1 && tensor.type === type;
    if (same) yield bytes;
    else {
      const numbers = read(bytes);
      if (add !== 0 || times !== 1)
        for (let at = 0; at < numbers.length; at += 1) numbers[at] = (numbers[at] ?? 0) * times + add;
      yield writeNumbers(order === null ? numbers : reordered(numbers, columns, unit, order.way), type);
    }
  }
}

function reordered(
  numbers: Float32Array<ArrayBuffer>,
  columns: number,
  headRows: number,
  way: RowOrder['way'],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(numbers.length);
  const half = headRows / 2;
  for (let row = 0; row * columns < numbers.length; row += 1) {
    const head = row - (row % headRows);
    const within = row % headRows;
    // Halves: the first half of a head, then the second. Pairs: one of each by turns.
    const to =
      way === 'interleave'
        ? (within % half) * 2 + Math.floor(within / half)
        : (within % 2) * half + (within >> 1);
    out.set(numbers.subarray(row * columns, (row + 1) * columns), (head + to) * columns);
  }
  return out;
}
