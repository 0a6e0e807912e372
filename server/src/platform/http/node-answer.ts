import type { ServerResponse } from 'node:http';
import type { AnswerWatcher, HttpAnswer } from '../../kernel/ports/http-answer.ts';
import { asChunk, lastChunk } from './as-chunk.ts';

/** A body up to this size is cheaper to copy than to send beside its head. */
const shortBytes = 16 * 1024;

/** An answer that goes out through `node:http`. */
export class NodeAnswer implements HttpAnswer {
  readonly #response: ServerResponse;
  #chunked = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#response.destroyed;
  }

  watch(watcher: AnswerWatcher): void {
    const response = this.#response;
    response.on('drain', () => watcher.drained());
    response.on('close', () => {
      if (!response.writableFinished) watcher.left();
    });
  }

  send(status: number, headers: readonly string[], body: Buffer): void {
    const response = this.#response;
    if (response.destroyed) return;
    response.writeHead(status, [...headers, 'content-length', String(body.length)]);
    // As a text it goes out in one piece with the head; Latin-1 keeps every byte as it is.
    if (body.length <= shortBytes) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  }

  /** Chunks are framed here, but the server of Node decides whether there are any: clients of HTTP/1.0 get none. */
  begin(status: number, headers: readonly string[]): void {
    const response = this.#response;
    if (response.destroyed) return;
    response.writeHead(status, [...headers]);
    this.#chunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  write(piece: Buffer): boolean {
    const response = this.#response;
    return response.destroyed || response.write(this.#chunked ? asChunk(piece) : piece);
  }

  end(): void {
    if (this.#chunked) this.#response.end(lastChunk);
    else this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
