import type { SamovarError } from '../../kernel/errors.ts';
import type { EventStream } from './event-stream.ts';
import type { JsonObject } from './read-json-body.ts';

/** One request to a model worker, its body read and parsed, and the ways to answer it. Answer exactly once. */
export interface WorkerExchange {
  /** From the header `x-request-id`; made here when it is absent. Sent back on every answer. */
  readonly requestId: string;
  /** `performance.now()` at arrival. */
  readonly receivedAt: number;
  readonly priority: 'interactive' | 'background';
  /** Milliseconds since the epoch after which the request must not begin; `null` when there is none. */
  readonly deadline: number | null;
  readonly body: JsonObject;
  /** Sends one JSON answer. */
  json(status: number, value: object): void;
  /** Sends an answer without a body. */
  empty(status: number): void;
  /** Sends an HTTP error; in a stream that has begun, an error event that ends it. */
  fail(error: SamovarError): void;
  /** The answer as server-sent events. */
  events(): EventStream;
  /** Calls back once if the client leaves before the answer is complete. */
  onAbandoned(callback: () => void): void;
}

export interface WorkerRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Counts as use of the model: keeps it from being unloaded, and is refused while draining. */
  readonly usesModel: boolean;
  /** Returns when it has answered or has arranged to; a rejection becomes the error answer. */
  handle(exchange: WorkerExchange): void | Promise<void>;
}
