import { ChunkDecoder } from './chunk-decoder.ts';
import { parseResponseHead, type ResponseHead } from './response-head.ts';

/** What a reader finds in the bytes of one answer. */
export interface ResponseParts {
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** A part of the body, in a Buffer of its own. */
  body(bytes: Buffer): void;
}

const headEnd = Buffer.from('\r\n\r\n');
const headLimit = 64 * 1024;
const keepAliveTimeout = /(?:^|[,;\s])timeout=(\d{1,6})/i;

/** Reads one HTTP/1.1 answer to a POST, wherever the reads of the socket cut it. */
export class ResponseReader {
  readonly #parts: ResponseParts;
  #held: Buffer | null = null;
  #head: ResponseHead | null = null;
  #left = 0;
  #chunks: ChunkDecoder | null = null;
  #complete = false;

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** The connection may take another request. */
  get keepsOpen(): boolean {
    return this.#complete && this.#head?.keepsOpen === true;
  }

  /** Seconds that the worker says it keeps an idle connection, `null` when it says nothing. */
  get keepAliveSeconds(): number | null {
    const said = this.#head?.headers['keep-alive'];
    if (said === undefined) return null;
    const timeout = keepAliveTimeout.exec(said);
    return timeout ? Number(timeout[1]) : null;
  }

  /**
   * Reads bytes that belong to the caller again when it returns. Throws when they are no proper answer, also when
   * more comes than belongs to it.
   */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#complete) throw new Error('the worker sent more than its answer');
      at = this.#head === null ? this.#readHead(bytes, at) : this.#readBody(bytes, at);
    }
  }

  /** The connection ended: true when the answer is complete by that. */
  end(): boolean {
    if (this.#head?.framing.by === 'close') this.#complete = true;
    return this.#complete;
  }

  #readHead(bytes: Buffer, from: number): number {
    const held = this.#held;
    const data = held === null ? bytes : Buffer.concat([held, bytes.subarray(from)]);
    const begin = held === null ? from : 0;
    const end = data.indexOf(headEnd, begin);
    if ((end === -1 ? data.length : end) - begin > headLimit)
      throw new Error('the head of the answer is too long');
    if (end === -1) {
      this.#held = Buffer.from(data.subarray(begin));
      return bytes.length;
    }
    this.#held = null;
    this.#take(parseResponseHead(data.toString('latin1', begin, end)));
    return bytes.length - (data.length - end - headEnd.length);
  }

  #take(head: ResponseHead): void {
    if (head.status === 101) throw new Error('the worker changed the protocol');
    // Interim answers say nothing that is waited for.
    if (head.status < 200) return;
    this.#head = head;
    this.#parts.head(head.status, head.headers);
    if (head.framing.by === 'chunks') this.#chunks = new ChunkDecoder();
    else if (head.framing.by === 'close') this.#left = Number.POSITIVE_INFINITY;
    else {
      this.#left = head.framing.bytes;
      this.#complete = this.#left === 0;
    }
  }

  #readBody(bytes: Buffer, from: number): number {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks, bytes, from);
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    this.#complete = this.#left === 0;
    this.#parts.body(Buffer.from(bytes.subarray(from, end)));
    return end;
  }

  #readChunks(chunks: ChunkDecoder, bytes: Buffer, from: number): number {
    const out = Buffer.allocUnsafe(bytes.length - from);
    const { to, written } = chunks.read(bytes, from, out);
    this.#complete = chunks.done;
    if (written > 0) this.#parts.body(out.subarray(0, written));
    return to;
  }
}
