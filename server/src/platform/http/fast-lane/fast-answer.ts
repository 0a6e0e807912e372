import type { AnswerWatcher, HttpAnswer } from '../../../kernel/ports/http-answer.ts';
import { asChunk, lastChunk } from '../as-chunk.ts';
import type { WriteHead } from './answer-head.ts';

/** The connection that an answer goes out on. */
export interface AnswerLine {
  readonly writeHead: WriteHead;
  /** The client cannot be reached any more. */
  readonly gone: boolean;
  /** The connection is closed after this answer. */
  readonly closing: boolean;
  /** Texts are Latin-1. Returns false when the client reads slowly. */
  send(data: string | Buffer): boolean;
  /** Two parts in one go. */
  sendBoth(head: string, body: Buffer): void;
  /** The answer is whole. */
  answered(): void;
  cut(): void;
}

/** A body up to this size is cheaper to copy than to send beside its head. */
const shortBytes = 16 * 1024;

/** An answer framed by hand (RFC 9112, sections 6 and 7), to a request of HTTP/1.1. */
export class FastAnswer implements HttpAnswer {
  readonly #line: AnswerLine;
  #watcher: AnswerWatcher | null = null;
  #begun = false;
  /** Whole, or cut: the connection may serve another request now. */
  #over = false;

  constructor(line: AnswerLine) {
    this.#line = line;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get closed(): boolean {
    return this.#over || this.#line.gone;
  }

  watch(watcher: AnswerWatcher): void {
    this.#watcher = watcher;
  }

  send(status: number, headers: readonly string[], body: Buffer): void {
    if (this.#begun || this.closed) return;
    const line = this.#line;
    const head = `${line.writeHead(status, headers, line.closing)}content-length: ${body.length}\r\n\r\n`;
    this.#begun = true;
    if (body.length <= shortBytes) line.send(head + body.toString('latin1'));
    else line.sendBoth(head, body);
    this.#finish();
  }

  begin(status: number, headers: readonly string[]): void {
    if (this.#begun || this.closed) return;
    const line = this.#line;
    const head = line.writeHead(status, headers, line.closing);
    this.#begun = true;
    line.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  }

  write(piece: Buffer): boolean {
    // An empty chunk would end the body.
    return this.closed || piece.length === 0 || this.#line.send(asChunk(piece));
  }

  end(): void {
    if (this.closed) return;
    this.#line.send(lastChunk);
    this.#finish();
  }

  destroy(): void {
    if (this.#over) return;
    this.#line.cut();
  }

  // What the connection reports.

  drained(): void {
    this.#watcher?.drained();
  }

  left(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watcher?.left();
  }

  #finish(): void {
    this.#over = true;
    this.#line.answered();
  }
}
