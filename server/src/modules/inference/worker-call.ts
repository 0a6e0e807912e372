import { workerHeaders } from '@samovar/contract/worker-protocol';
import type { Dispatcher, Pool } from 'undici';
import type { SamovarError } from '../../kernel/errors.ts';
import { workerError } from './worker-error.ts';

const errorBodyLimit = 64 * 1024;

export interface WorkerCallRequest {
  readonly path: string;
  readonly requestId: string;
  readonly priority: string;
  readonly body: string;
  readonly workerToken: string | null;
}

/** What one call to one worker reports. After `refused`, `unreachable`, `ended` or `lost` it says no more. */
export interface WorkerCallEvents {
  /** The first byte of a good answer is about to come. */
  data(chunk: Buffer): boolean;
  ended(): void;
  /** The worker answered with an error. */
  refused(status: number, error: SamovarError): void;
  /** The request was never taken by the worker. */
  unreachable(cause: Error): void;
  /** The connection broke after the request was sent. */
  lost(cause: Error): void;
}

/** One attempt at one worker. */
export class WorkerCall implements Dispatcher.DispatchHandler {
  readonly #events: WorkerCallEvents;
  readonly #errorBody: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #retryAfterSeconds: number | null = null;
  #errorBytes = 0;
  #sent = false;
  #silent = false;

  constructor(pool: Pool, request: WorkerCallRequest, events: WorkerCallEvents) {
    this.#events = events;
    const headers = [
      'content-type',
      'application/json',
      workerHeaders.requestId,
      request.requestId,
      workerHeaders.priority,
      request.priority,
    ];
    if (request.workerToken !== null) headers.push(workerHeaders.token, request.workerToken);
    pool.dispatch({ path: request.path, method: 'POST', headers, body: request.body }, this);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#controller?.paused) this.#controller.resume();
  }

  /** Drops the connection; nothing more is reported. */
  abort(): void {
    this.#silent = true;
    this.#controller?.abort(new Error('the request ended'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sent = true;
    if (this.#silent) controller.abort(new Error('the request ended'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    const retryAfter = Number(headers['retry-after']);
    if (Number.isFinite(retryAfter)) this.#retryAfterSeconds = retryAfter;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#silent) return;
    if (this.#status === 200) {
      if (!this.#events.data(chunk)) controller.pause();
      return;
    }
    this.#errorBytes += chunk.length;
    if (this.#errorBytes <= errorBodyLimit) this.#errorBody.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#silent) return;
    this.#silent = true;
    if (this.#status === 200) this.#events.ended();
    else
      this.#events.refused(
        this.#status,
        workerError(this.#status, Buffer.concat(this.#errorBody), this.#retryAfterSeconds),
      );
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#silent) return;
    this.#silent = true;
    if (this.#sent) this.#events.lost(cause);
    else this.#events.unreachable(cause);
  }
}
