const [size, extension, sizeEnd, data, dataReturn, dataEnd, trailer, trailerEnd, over] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
] as const;
type Place = typeof size | typeof extension | typeof sizeEnd | typeof data | typeof dataReturn;
type LaterPlace = typeof dataEnd | typeof trailer | typeof trailerEnd | typeof over;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
/** Longest chunk extension or line of the trailer; neither has a use here. */
const lineLimit = 4096;
/** Eight hexadecimal digits: 4 GiB. */
const digitLimit = 8;

/** Takes the framing off a chunked body (RFC 9112, section 7.1), byte by byte between the chunks. */
export class ChunkDecoder {
  #place: Place | LaterPlace = size;
  #left = 0;
  #digits = 0;
  #line = 0;

  /** The last chunk and the trailer have been read. */
  get done(): boolean {
    return this.#place === over;
  }

  /**
   * Reads `bytes` from `from` on and copies what is payload to the beginning of `out`, which must have room for all
   * of it. Returns how far it read (to the end, or to the end of the body) and how much it wrote. Throws for broken
   * framing.
   */
  read(bytes: Buffer, from: number, out: Buffer): { readonly to: number; readonly written: number } {
    let at = from;
    let written = 0;
    while (at < bytes.length && this.#place !== over) {
      if (this.#place === data) {
        const end = Math.min(bytes.length, at + this.#left);
        written += bytes.copy(out, written, at, end);
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#place = dataReturn;
      } else {
        this.#step(bytes[at] ?? 0);
        at += 1;
      }
    }
    return { to: at, written };
  }

  #step(byte: number): void {
    switch (this.#place) {
      case size:
        this.#sizeByte(byte);
        break;
      case extension:
        this.#countLine();
        if (byte === carriageReturn) this.#place = sizeEnd;
        break;
      case sizeEnd:
        this.#expect(byte, lineFeed, this.#left > 0 ? data : trailer);
        this.#digits = 0;
        this.#line = 0;
        break;
      case dataReturn:
        this.#expect(byte, carriageReturn, dataEnd);
        break;
      case dataEnd:
        this.#expect(byte, lineFeed, size);
        break;
      case trailer:
        if (byte === carriageReturn) this.#place = trailerEnd;
        else this.#countLine();
        break;
      case trailerEnd:
        this.#expect(byte, lineFeed, this.#line === 0 ? over : trailer);
        this.#line = 0;
        break;
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#digits += 1;
      if (this.#digits > digitLimit) throw new Error('a chunk of the answer is too large');
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new Error('a chunk of the answer has no size');
    if (byte === carriageReturn) this.#place = sizeEnd;
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#place = extension;
    else throw new Error('the size of a chunk is no number');
  }

  #countLine(): void {
    this.#line += 1;
    if (this.#line > lineLimit) throw new Error('a line between the chunks of the answer is too long');
  }

  #expect(byte: number, expected: number, next: Place | LaterPlace): void {
    if (byte !== expected) throw new Error('a chunk of the answer does not end where it says');
    this.#place = next;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
