/** Makes 32-bit floats of a piece that holds whole blocks; the buffer is little-endian and may begin anywhere. */
export type ReadNumbers = (bytes: Buffer) => Float32Array<ArrayBuffer>;

/**
 * Numbers of ggml's blocks. Sources: `block_*` in ggml-common.h and `dequantize_row_*` in ggml-quants.c. Scales are
 * 16-bit floats; the blocks of 256 have scales of their parts packed into 6 bits.
 */
export const dequantizers: Readonly<Record<string, ReadNumbers>> = {
  Q4_0: blocks(18, 32, (block, out) => {
    const scale = half(block, 0);
    for (let index = 0; index < 16; index += 1) {
      const byte = block[2 + index] ?? 0;
      out[index] = ((byte & 15) - 8) * scale;
      out[index + 16] = ((byte >> 4) - 8) * scale;
    }
  }),
  Q4_1: blocks(20, 32, (block, out) => {
    const [scale, least] = [half(block, 0), half(block, 2)];
    for (let index = 0; index < 16; index += 1) {
      const byte = block[4 + index] ?? 0;
      out[index] = (byte & 15) * scale + least;
      out[index + 16] = (byte >> 4) * scale + least;
    }
  }),
  Q5_0: blocks(22, 32, (block, out) => {
    const scale = half(block, 0);
    fiveBits(block, 2, 6, (index, value) => {
      out[index] = (value - 16) * scale;
    });
  }),
  Q5_1: blocks(24, 32, (block, out) => {
    const [scale, least] = [half(block, 0), half(block, 2)];
    fiveBits(block, 4, 8, (index, value) => {
      out[index] = value * scale + least;
    });
  }),
  Q8_0: blocks(34, 32, (block, out) => {
    const scale = half(block, 0);
    for (let index = 0; index < 32; index += 1) out[index] = block.readInt8(2 + index) * scale;
  }),
  Q4_K: blocks(144, 256, (block, out) => {
    for (let part = 0; part < 8; part += 1) {
      const [scale, least] = partScales(block, part);
      for (let index = 0; index < 32; index += 1) {
        const byte = block[16 + (part >> 1) * 32 + index] ?? 0;
        out[part * 32 + index] = scale * ((part & 1) === 0 ? byte & 15 : byte >> 4) - least;
      }
    }
  }),
  Q5_K: blocks(176, 256, (block, out) => {
    for (let part = 0; part < 8; part += 1) {
      const [scale, least] = partScales(block, part);
      for (let index = 0; index < 32; index += 1) {
        const byte = block[48 + (part >> 1) * 32 + index] ?? 0;
        const high = (((block[16 + index] ?? 0) >> part) & 1) << 4;
        out[part * 32 + index] = scale * (((part & 1) === 0 ? byte & 15 : byte >> 4) + high) - least;
      }
    }
  }),
  Q6_K: blocks(210, 256, (block, out) => {
    const scale = half(block, 208);
    for (let index = 0; index < 256; index += 1) {
      const [side, within] = [index >> 7, index & 127];
      const [quarter, column] = [within >> 5, within & 31];
      const low = block[side * 64 + (quarter & 1) * 32 + column] ?? 0;
      const high = ((block[128 + side * 32 + column] ?? 0) >> (2 * quarter)) & 3;
      const value = (((quarter < 2 ? low & 15 : low >> 4) | (high << 4)) - 32) * scale;
      out[index] = value * block.readInt8(192 + side * 8 + quarter * 2 + (column >> 4));
    }
  }),
};

function blocks(
  blockBytes: number,
  elements: number,
  read: (block: Buffer, out: Float32Array) => void,
): ReadNumbers {
  return (bytes) => {
    const count = bytes.length / blockBytes;
    const numbers = new Float32Array(count * elements);
    for (let index = 0; index < count; index += 1)
      read(
        bytes.subarray(index * blockBytes, (index + 1) * blockBytes),
        numbers.subarray(index * elements, (index + 1) * elements),
      );
    return numbers;
  };
}

/** Four low bits in pairs, the fifth ones together in 32 bits. */
function fiveBits(
  block: Buffer,
  highAt: number,
  lowAt: number,
  put: (index: number, value: number) => void,
): void {
  const high = block.readUInt32LE(highAt);
  for (let index = 0; index < 16; index += 1) {
    const byte = block[lowAt + index] ?? 0;
    put(index, (byte & 15) | (((high >>> index) & 1) << 4));
    put(index + 16, (byte >> 4) | (((high >>> (index + 16)) & 1) << 4));
  }
}

/** Scale and least value of one of eight parts, 6 bits each in 12 bytes (`get_scale_min_k4`). */
function partScales(block: Buffer, part: number): readonly [number, number] {
  const at = (index: number) => block[4 + index] ?? 0;
  const scale = part < 4 ? at(part) & 63 : (at(part + 4) & 15) | ((at(part - 4) >> 6) << 4);
  const least = part < 4 ? at(part + 4) & 63 : (at(part + 4) >> 4) | ((at(part) >> 6) << 4);
  return [half(block, 0) * scale, half(block, 2) * least];
}

const halfBits = new Uint16Array(1);
const halfValue = new Float16Array(halfBits.buffer);

function half(block: Buffer, offset: number): number {
  halfBits[0] = block.readUInt16LE(offset);
  return halfValue[0] ?? 0;
}
