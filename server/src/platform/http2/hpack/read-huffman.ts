import { buildHuffmanMachine, emits, forbidden, stateShift } from './huffman-table.ts';

const { steps, mayEnd } = buildHuffmanMachine();

/**
 * The text of bytes in Huffman's code (RFC 7541, section 5.2), one character per byte, or `null` when they are none.
 * `scratch` has room for 8 / 5 of the bytes.
 */
export function readHuffman(bytes: Buffer, begin: number, end: number, scratch: Buffer): string | null {
  let state = 0;
  let size = 0;
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const step = steps[(state << 4) | ((byte >>> shift) & 0xf)] ?? forbidden;
      if ((step & forbidden) !== 0) return null;
      if ((step & emits) !== 0) {
        scratch[size] = step & 0xff;
        size += 1;
      }
      state = step >>> stateShift;
    }
  }
  return mayEnd[state] === 1 ? scratch.toString('latin1', 0, size) : null;
}
