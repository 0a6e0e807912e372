import type { Socket } from 'node:net';
import type { PagePool } from './page-pool.ts';
import { frameHeadBytes } from './protocol.ts';

/** Longer pieces are handed on where they lie; shorter ones are copied together. */
const longestCopyBytes = 2048;
/** What is gathered at most before it goes out. */
const gatheredBytes = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/**
 * Gathers the frames of a connection until what happens now is over (the check phase of Node's loop), and hands them
 * to the socket with one call. A socket that takes nothing is told by `full`; what is added all the same is kept here
 * until it drains.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #pages: PagePool;
  #page = nothing;
  /** What of the page is in use, and from where on it has not been handed to the parts. */
  #used = 0;
  #begin = 0;
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #scheduled = false;
  /** `performance.now()` since when the client fetches nothing. */
  stuckSince: number | null = null;

  constructor(socket: Socket, pages: PagePool) {
    this.#socket = socket;
    this.#pages = pages;
  }

  /** Whether what can wait should: the socket tells when it takes more. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** What the client has not fetched, in bytes. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.#gathered;
  }

  /** The head of a frame (RFC 9113, section 4.1), whose payload of `length` bytes is to follow. */
  head(type: number, flags: number, streamId: number, length: number): void {
    this.#reserve(frameHeadBytes);
    const page = this.#page;
    const at = this.#used;
    page[at] = length >>> 16;
    page[at + 1] = length >>> 8;
    page[at + 2] = length;
    page[at + 3] = type;
    page[at + 4] = flags;
    this.#writeUInt32(at + 5, streamId);
    this.#used = at + frameHeadBytes;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#writeUInt32(this.#used, value);
    this.#used += 4;
  }

  /** Characters that are one byte each. */
  text(text: string): void {
    this.#reserve(text.length);
    this.#used += this.#page.write(text, this.#used, 'latin1');
  }

  bytes(bytes: Buffer): void {
    if (bytes.length <= longestCopyBytes) {
      this.#reserve(bytes.length);
      this.#page.set(bytes, this.#used);
      this.#used += bytes.length;
      return;
    }
    this.#closePart();
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    this.#flushIfMuch();
  }

  /** Hands everything to the socket, unless that is full. */
  flush(): void {
    if (!this.full) this.flushAll();
  }

  /** Hands everything to the socket, whether it takes it or not. */
  flushAll(): void {
    const page = this.#page;
    const bytes = this.#gathered;
    const parts = this.#takeParts();
    const socket = this.#socket;
    if (parts.length === 0 || socket.destroyed || socket.writableEnded) return;
    if (socket.writableLength > 0) {
      // It will wait there: as so many bytes, not as the page that they lie in.
      socket.write(copyTogether(parts, bytes));
      this.#pages.give(page);
    } else {
      writeAll(socket, parts);
      // Nothing waits: the system has its own copy.
      if (socket.writableLength === 0) this.#pages.give(page);
    }
    if (this.full && socket.writableLength > 0) this.stuckSince ??= performance.now();
  }

  get #gathered(): number {
    return this.#partsBytes + this.#used - this.#begin;
  }

  #reserve(bytes: number): void {
    if (this.#page.length - this.#used < bytes) this.#nextPage(bytes);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(flushScheduled, this);
  }

  #nextPage(bytes: number): void {
    this.#closePart();
    this.#flushIfMuch();
    this.#page = this.#pages.take(bytes);
    this.#used = 0;
    this.#begin = 0;
  }

  #flushIfMuch(): void {
    if (this.#partsBytes >= gatheredBytes) this.flush();
  }

  #closePart(): void {
    if (this.#used === this.#begin) return;
    this.#parts.push(this.#page.subarray(this.#begin, this.#used));
    this.#partsBytes += this.#used - this.#begin;
    this.#begin = this.#used;
  }

  #takeParts(): Buffer[] {
    this.#closePart();
    const parts = this.#parts;
    this.#parts = [];
    this.#partsBytes = 0;
    this.#page = nothing;
    this.#used = 0;
    this.#begin = 0;
    return parts;
  }

  #writeUInt32(at: number, value: number): void {
    const page = this.#page;
    page[at] = value >>> 24;
    page[at + 1] = value >>> 16;
    page[at + 2] = value >>> 8;
    page[at + 3] = value;
  }

  /** What `reserve` has asked for. */
  scheduledFlush(): void {
    this.#scheduled = false;
    this.flush();
  }
}

function flushScheduled(outbox: Outbox): void {
  outbox.scheduledFlush();
}

function writeAll(socket: Socket, parts: readonly Buffer[]): void {
  if (parts.length === 1) {
    socket.write(parts[0] ?? nothing);
    return;
  }
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}

function copyTogether(parts: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
