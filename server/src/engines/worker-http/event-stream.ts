import type { ServerResponse } from 'node:http';

/** Server-sent events to one reader. Headers go out with the first event, so an earlier error is a real HTTP error. */
export interface EventStream {
  /** Queues one `data:` event; what is sent within one tick leaves in one write. */
  send(value: object): void;
  /** Sends `data: [DONE]` and ends the answer. */
  done(): void;
  /** Ends a stream that has begun with an error event, and without `[DONE]`. */
  fail(errorBody: object): void;
  /** True while the reader is behind: stop producing until `onDrain` calls. */
  readonly congested: boolean;
  onDrain(callback: () => void): void;
}

/**
 * Nothing is dropped and nothing grows without bound: the producer is told to pause (`congested`) as soon as the
 * socket's buffer is full. A reader that takes nothing for `stallTimeoutMs` is cut off.
 */
export function createEventStream(response: ServerResponse, stallTimeoutMs: number): EventStream {
  let pending = '';
  let congested = false;
  let stall: NodeJS.Timeout | undefined;
  let drained: () => void = () => undefined;

  const flush = () => {
    if (pending === '' || response.destroyed || response.writableEnded) return;
    if (!response.headersSent)
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
      });
    const text = pending;
    pending = '';
    if (response.write(text) || congested) return;
    congested = true;
    stall = setTimeout(() => response.destroy(), stallTimeoutMs);
    response.once('drain', () => {
      clearTimeout(stall);
      congested = false;
      drained();
    });
  };
  response.once('close', () => clearTimeout(stall));

  const append = (data: string) => {
    if (pending === '') queueMicrotask(flush);
    pending += `data: ${data}\n\n`;
  };
  const end = () => {
    flush();
    if (!response.destroyed) response.end();
  };
  return {
    send: (value) => append(JSON.stringify(value)),
    done() {
      append('[DONE]');
      end();
    },
    fail(errorBody) {
      append(JSON.stringify(errorBody));
      end();
    },
    get congested() {
      return congested;
    },
    onDrain(callback) {
      drained = callback;
    },
  };
}
