import type { ByteSource } from '../bytes/byte-source.ts';
import type { GgufTensor } from '../gguf/read-gguf.ts';
import { numberReader } from '../numbers/read-numbers.ts';
import { refusal } from '../refuse-files.ts';
import type { ShardedTensors } from '../safetensors/read-shards.ts';
import { takeAnother } from './check-blocks.ts';

/** Weights that lie in a file. */
export interface StoredTensor {
  readonly name: string;
  /** As safetensors or ggml call it. */
  readonly type: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Bytes that belong together: of one number, or of one block of a quantised type. */
  readonly unitBytes: number;
  readonly source: ByteSource;
}

/** Tensors of safetensors files; `sources` are named as the shards are. */
export function storedInShards(
  { tensors }: ShardedTensors,
  sources: readonly ByteSource[],
): readonly StoredTensor[] {
  const byName = new Map(sources.map((source) => [source.name, source]));
  return [...tensors.values()].flatMap(({ name, dtype, offset, sizeBytes, elements, file }) => {
    const source = byName.get(file);
    return source === undefined || elements === 0
      ? []
      : [{ name, type: dtype, offset, sizeBytes, unitBytes: sizeBytes / elements, source }];
  });
}

/** Tensors of a GGUF file. */
export function storedInGguf(source: ByteSource, tensors: readonly GgufTensor[]): readonly StoredTensor[] {
  return tensors.map(({ name, type, offset, sizeBytes }) => ({
    name,
    type: type.name,
    offset,
    sizeBytes,
    unitBytes: type.blockBytes,
    source,
  }));
}

/** Read as a whole: vectors, mostly. */
const wholeBytes = 64 * 1024;
const pieceBytes = 4096;
const mostPieces = 8;
/** Of all tensors together. */
const mostReads = 20_000;
/** Far less than looking at a model may take as a whole: a disk that seeks slowly is no fault of the model. */
const usualLimitMs = 15_000;

/**
 * Looks for numbers that are none (NaN) or infinite, which a broken conversion or training leaves behind: a model with
 * them answers nonsense. Tensors of up to 64 KiB are read whole (norms and biases are), of larger ones up to eight
 * pieces of 4 KiB that lie evenly from beginning to end, as many as are read before the time is over; of more tensors than
 * there are reads, some. Types whose numbers cannot be read here are left out, and so are buffers that are no weights.
 * Throws `model.refused`.
 */
export async function checkNumbers(
  tensors: readonly StoredTensor[],
  limitMs: number = usualLimitMs,
): Promise<void> {
  const end = performance.now() + limitMs;
  const weights = tensors.filter(
    ({ name, type }) => /\.(weight|bias|lora_[ab])$/.test(name) && numberReader(type) !== null,
  );
  const pieces = Math.max(1, Math.min(mostPieces, Math.floor(mostReads / Math.max(1, weights.length))));
  const step = Math.ceil(weights.length / mostReads);
  for (let at = 0; at < weights.length && performance.now() < end; at += step) {
    const tensor = weights[at];
    if (tensor !== undefined) await checkTensor(tensor, pieces);
  }
}

async function checkTensor(tensor: StoredTensor, pieces: number): Promise<void> {
  const { name, source, offset, unitBytes } = tensor;
  const read = numberReader(tensor.type);
  for (const [from, length] of rangesOf(tensor, pieces)) {
    const bytes = await source.read(offset + from, length);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % unitBytes));
    const broken = read?.(whole).find((number) => !Number.isFinite(number));
    if (broken !== undefined)
      throw refusal(
        `${source.name} has ${Number.isNaN(broken) ? 'numbers that are none (NaN)' : 'infinite numbers'} among its weights (${name}): ${takeAnother}`,
      );
  }
}

/** Ranges of whole units, relative to the tensor. */
function rangesOf(
  { sizeBytes, unitBytes }: StoredTensor,
  pieces: number,
): readonly (readonly [from: number, length: number])[] {
  if (sizeBytes <= wholeBytes) return [[0, sizeBytes]];
  const length = Math.max(1, Math.floor(pieceBytes / unitBytes)) * unitBytes;
  const last = sizeBytes - length;
  return Array.from({ length: pieces }, (_, piece) => {
    const from = pieces === 1 ? last / 2 : (last * piece) / (pieces - 1);
    return [Math.floor(from / unitBytes) * unitBytes, length] as const;
  });
}
