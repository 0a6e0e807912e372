import type { RemoteRequest } from '../../kernel/ports/remote-transport.ts';
import type { TransportCall, TransportEvents } from '../../kernel/ports/worker-transport.ts';

/** What a call does to the connection that it runs on. */
interface CallConnection {
  resume(): void;
  destroy(): void;
}

/** One request to a foreign server and what becomes of it. */
export class RemoteCall implements TransportCall {
  readonly request: RemoteRequest;
  readonly events: TransportEvents;
  connection: CallConnection | null = null;
  /** Its outcome was reported, or nobody wants it any more: its events are called no more. */
  over = false;

  constructor(request: RemoteRequest, events: TransportEvents) {
    this.request = request;
    this.events = events;
  }

  resume(): void {
    if (!this.over) this.connection?.resume();
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.connection?.destroy();
  }
}
