import { dequantizers, type ReadNumbers } from './dequantize.ts';

const readers: Readonly<Record<string, ReadNumbers>> = {
  F32: (bytes) => new Float32Array(aligned(bytes)),
  F16: (bytes) => Float32Array.from(new Float16Array(aligned(bytes))),
  BF16(bytes) {
    const halves = new Uint16Array(aligned(bytes));
    const numbers = new Float32Array(halves.length);
    const bits = new Uint32Array(numbers.buffer);
    for (let index = 0; index < halves.length; index += 1) bits[index] = (halves[index] ?? 0) << 16;
    return numbers;
  },
  F64: (bytes) => Float32Array.from(new Float64Array(aligned(bytes))),
  ...dequantizers,
};

/** How a type's numbers are read, by its name in safetensors or ggml; `null` for a type that cannot be. */
export function numberReader(type: string): ReadNumbers | null {
  return Object.hasOwn(readers, type) ? (readers[type] ?? null) : null;
}

/** A copy at the beginning of memory of its own, as typed arrays need it. */
function aligned(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
