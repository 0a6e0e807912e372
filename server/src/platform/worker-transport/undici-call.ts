import type { Dispatcher, Pool } from 'undici';
import type {
  TransportCall,
  TransportEvents,
  TransportRequest,
} from '../../kernel/ports/worker-transport.ts';

/** One call by undici's dispatcher: no stream objects, no promises, the socket's own Buffers. */
export class UndiciCall implements TransportCall, Dispatcher.DispatchHandler {
  readonly #events: TransportEvents;
  #controller: Dispatcher.DispatchController | null = null;
  #silent = false;

  constructor(pool: Pool, request: TransportRequest, events: TransportEvents) {
    this.#events = events;
    pool.dispatch(
      { path: request.path, method: 'POST', headers: request.headers as string[], body: request.body },
      this,
    );
  }

  resume(): void {
    if (this.#controller?.paused) this.#controller.resume();
  }

  abort(): void {
    this.#silent = true;
    this.#controller?.abort(new Error('the request ended'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#silent) controller.abort(new Error('the request ended'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.#silent) this.#events.begin(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#silent && !this.#events.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#events.ended();
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#silent) return;
    this.#silent = true;
    if (this.#controller === null) this.#events.unreachable(cause);
    else this.#events.lost(cause);
  }
}
