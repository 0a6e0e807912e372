/**
 * The length in bits of the code of each byte, and of the end of the text as the last (RFC 7541, appendix B). The code
 * is canonical: those of one length are consecutive, in the order of their bytes.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const endOfText = 256;
const longestCodeBits = 30;
/** Padding is shorter than a byte, and all ones (section 5.2). */
const longestPaddingBits = 7;

/**
 * A machine that takes a text half a byte at a time. A state is a place inside the tree of codes, 0 its root. The entry
 * of state * 16 + half byte has the state to come, the byte that is complete with it, and whether there is one. No code
 * is shorter than five bits, so that half a byte completes one at most.
 */
export interface HuffmanMachine {
  readonly steps: Uint32Array;
  /** Of each state: whether a text may end there. */
  readonly mayEnd: Uint8Array;
}

/** Of an entry: a byte is complete; it stands in the lowest eight bits, the next state from bit 16 on. */
export const emits = 0x100;
/** Of an entry: the code of the end of the text, which no text may contain (section 5.2). */
export const forbidden = 0x200;
export const stateShift = 16;

/** A place in the tree: the two places below it, or the byte that ends there. */
interface Place {
  below: [Place, Place] | null;
  symbol: number;
  state: number;
}

export function buildHuffmanMachine(): HuffmanMachine {
  const root = newPlace();
  for (const { symbol, bits, code } of canonicalCodes()) plant(root, { symbol, bits, code });
  const inner = numberInner(root);
  const steps = new Uint32Array(inner.length * 16);
  const mayEnd = new Uint8Array(inner.length);
  for (const place of inner)
    for (let half = 0; half < 16; half += 1) steps[place.state * 16 + half] = stepFrom(root, place, half);
  let padding: Place | undefined = root;
  for (let bits = 0; bits <= longestPaddingBits && padding; bits += 1) {
    mayEnd[padding.state] = 1;
    padding = padding.below?.[1];
  }
  return { steps, mayEnd };
}

interface Code {
  readonly symbol: number;
  readonly bits: number;
  readonly code: number;
}

function canonicalCodes(): Code[] {
  const codes: Code[] = [];
  let next = 0;
  for (let bits = 1; bits <= longestCodeBits; bits += 1) {
    next *= 2;
    for (let symbol = 0; symbol <= endOfText; symbol += 1) {
      if (codeLengths[symbol] !== bits) continue;
      codes.push({ symbol, bits, code: next });
      next += 1;
    }
  }
  return codes;
}

function newPlace(): Place {
  return { below: null, symbol: -1, state: 0 };
}

function plant(root: Place, { symbol, bits, code }: Code): void {
  let place = root;
  for (let bit = bits - 1; bit >= 0; bit -= 1) {
    place.below ??= [newPlace(), newPlace()];
    place = place.below[(code >>> bit) & 1 ? 1 : 0];
  }
  place.symbol = symbol;
}

function numberInner(root: Place): Place[] {
  const inner: Place[] = [];
  const visit = (place: Place): void => {
    if (place.below === null) return;
    place.state = inner.push(place) - 1;
    for (const next of place.below) visit(next);
  };
  visit(root);
  return inner;
}

function stepFrom(root: Place, from: Place, half: number): number {
  let place = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = place.below?.[(half >>> bit) & 1 ? 1 : 0] ?? root;
    place = next;
    if (next.below !== null) continue;
    if (next.symbol === endOfText) return forbidden;
    emitted = emits | next.symbol;
    place = root;
  }
  return (place.state << stateShift) | emitted;
}
