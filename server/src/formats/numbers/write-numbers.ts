/** The types that weights are written in here; others are llama-quantize's work. */
export type WrittenType = 'F32' | 'F16' | 'BF16' | 'Q8_0';

const blockElements = 32;

const writers: Readonly<Record<WrittenType, (numbers: Float32Array) => Buffer>> = {
  F32: (numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
  F16(numbers) {
    const halves = Float16Array.from(numbers);
    return Buffer.from(halves.buffer);
  },
  BF16(numbers) {
    const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    const halves = new Uint16Array(numbers.length);
    for (let index = 0; index < halves.length; index += 1) halves[index] = nearestHalf(bits[index] ?? 0);
    return Buffer.from(halves.buffer);
  },
  Q8_0(numbers) {
    const out = Buffer.alloc((numbers.length / blockElements) * 34);
    for (let block = 0; block * blockElements < numbers.length; block += 1)
      writeBlock(
        numbers.subarray(block * blockElements, (block + 1) * blockElements),
        out.subarray(block * 34),
      );
    return out;
  },
};

/** Writes 32-bit floats in another type, rounded to the nearest; of Q8_0, whole blocks of 32. */
export function writeNumbers(numbers: Float32Array, type: WrittenType): Buffer {
  return writers[type](numbers);
}

/** The upper half of a float's bits, rounded to the nearest and to even. */
function nearestHalf(bits: number): number {
  // What is no number stays none.
  if ((bits & 0x7fff_ffff) >>> 0 > 0x7f80_0000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 0) / 65_536;
}

const scaleValue = new Float16Array(1);
const scaleBits = new Uint16Array(scaleValue.buffer);

/** `quantize_row_q8_0_ref`: the scale is a 127th of the largest amount. */
function writeBlock(numbers: Float32Array, out: Buffer): void {
  let most = 0;
  for (const value of numbers) most = Math.max(most, Math.abs(value));
  const scale = Math.fround(most / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  scaleValue[0] = scale;
  out.writeUInt16LE(scaleBits[0] ?? 0, 0);
  for (let index = 0; index < blockElements; index += 1)
    out.writeInt8(roundAway(Math.fround((numbers[index] ?? 0) * inverse)), 2 + index);
}

/** C's `roundf`: halves away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
