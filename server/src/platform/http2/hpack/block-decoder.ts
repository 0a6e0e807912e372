import { errorCode } from '../protocol.ts';
import { ConnectionFault } from '../protocol-faults.ts';
import { DynamicTable, sizeOf } from './dynamic-table.ts';
import { readHuffman } from './read-huffman.ts';
import { type HeaderField, staticTable } from './static-table.ts';

/** What we let a peer's encoder use: as much as everybody has before any setting (RFC 9113, section 6.5.2). */
const tableLimitBytes = 4096;
const nothing: Buffer = Buffer.alloc(0);
/** A text in Huffman's code grows by 8 / 5 at most. */
const growth = 2;
/** What a connection keeps for such texts; longer ones are rare, and have room of their own for a moment. */
const keptScratchBytes = 4096;

/** The fields of a block, `null` when together they are larger than allowed (the table is in step all the same). */
export type DecodedBlock = readonly HeaderField[] | null;

/** Decodes the blocks of one connection, in their order (RFC 7541). Throws COMPRESSION_ERROR for what is none. */
export class BlockDecoder {
  readonly #table = new DynamicTable(tableLimitBytes);
  readonly #listLimitBytes: number;
  #bytes = nothing;
  #at = 0;
  #end = 0;
  #scratch = nothing;

  constructor(listLimitBytes: number) {
    this.#listLimitBytes = listLimitBytes;
  }

  /** Counts changes of the table: the same bytes mean the same as long as it stands. */
  get version(): number {
    return this.#table.version;
  }

  decode(bytes: Buffer, begin: number, end: number): DecodedBlock {
    this.#bytes = bytes;
    this.#at = begin;
    this.#end = end;
    this.#resizeTable();
    const fields: HeaderField[] = [];
    let leftBytes = this.#listLimitBytes;
    while (this.#at < end) {
      const field = this.#field();
      leftBytes -= sizeOf(field);
      if (leftBytes >= 0) fields.push(field);
    }
    this.#bytes = nothing;
    return leftBytes >= 0 ? fields : null;
  }

  /** Updates of the size stand at the beginning of a block, and there are at most two (sections 4.2 and 6.3). */
  #resizeTable(): void {
    for (let updates = 0; this.#at < this.#end && (this.#byte() & 0xe0) === 0x20; updates += 1) {
      const limitBytes = this.#integer(5);
      if (limitBytes > tableLimitBytes || updates === 2)
        throw wrong('a size of the table that is not allowed');
      this.#table.resize(limitBytes);
    }
  }

  /** Section 6. */
  #field(): HeaderField {
    const first = this.#byte();
    if (first >= 0x80) return this.#indexed(this.#integer(7));
    if (first >= 0x40) {
      const field = this.#literal(6);
      this.#table.add(field);
      return field;
    }
    if (first >= 0x20) throw wrong('a size of the table behind the first field');
    return this.#literal(4);
  }

  #indexed(index: number): HeaderField {
    const field =
      index <= staticTable.length ? staticTable[index - 1] : this.#table.at(index - staticTable.length - 1);
    if (field === undefined) throw wrong('an index of no field');
    return field;
  }

  #literal(prefixBits: number): HeaderField {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#text() : this.#indexed(index).name;
    return { name, value: this.#text() };
  }

  /** Section 5.1. Nothing that we allow is larger than four bytes behind the prefix tell. */
  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = this.#byte() & most;
    this.#at += 1;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) throw wrong('an integer without an end');
      const byte = this.#byte();
      this.#at += 1;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw wrong('an integer that is too large');
  }

  /** Section 5.2. */
  #text(): string {
    if (this.#at >= this.#end) throw wrong('a field without its text');
    const packed = this.#byte() >= 0x80;
    const length = this.#integer(7);
    const begin = this.#at;
    const end = begin + length;
    if (end > this.#end) throw wrong('a text beyond the end');
    this.#at = end;
    if (!packed) return this.#bytes.toString('latin1', begin, end);
    const text = readHuffman(this.#bytes, begin, end, this.#scratchOf(length * growth));
    if (text === null) throw wrong("a text that is not in Huffman's code");
    return text;
  }

  #scratchOf(bytes: number): Buffer {
    if (bytes > keptScratchBytes) return Buffer.allocUnsafeSlow(bytes);
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafe(bytes);
    return this.#scratch;
  }

  #byte(): number {
    return this.#bytes[this.#at] ?? 0;
  }
}

function wrong(what: string): ConnectionFault {
  return new ConnectionFault(errorCode.compressionError, `a block of headers has ${what}`);
}
