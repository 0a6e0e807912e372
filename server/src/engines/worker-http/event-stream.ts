import type { ServerResponse } from 'node:http';

/** Server-sent events to one reader. Headers go out with the first event, so an earlier error is a real HTTP error. */
export interface EventStream {
  /**
   * Queues one `data:` event, which must not change any more; what is sent within one tick leaves in one write, once the
   * tick's own work is done: an engine computes its next token meanwhile.
   */
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
  let pending: object[] = [];
  let congested = false;
  let stall: NodeJS.Timeout | undefined;
  let drained: () => void = () => undefined;

  const flush = (end = '') => {
    if ((pending.length === 0 && end === '') || response.destroyed || response.writableEnded) return;
    if (!response.headersSent)
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
      });
    const text = `${pending.map(eventOf).join('')}${end}`;
    pending = [];
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

  const end = (last: string) => {
    flush(last);
    if (!response.destroyed) response.end();
  };
  return {
    send(value) {
      // After the promises that now go on: one of them starts the next step of the engine.
      if (pending.length === 0) process.nextTick(flush);
      pending.push(value);
    },
    done: () => end('data: [DONE]\n\n'),
    fail: (errorBody) => end(eventOf(errorBody)),
    get congested() {
      return congested;
    },
    onDrain(callback) {
      drained = callback;
    },
  };
}

function eventOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
