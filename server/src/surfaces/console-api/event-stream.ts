import { Readable } from 'node:stream';
import type { ManagementReply } from '../../kernel/ports/http-routes.ts';

/** One server-sent event (WHATWG HTML, "Server-sent events"). */
export interface ServerEvent {
  /** What a client sends back as `Last-Event-ID`. */
  readonly id?: string;
  /** Its name; clients call events without one `message`. */
  readonly event?: string;
  readonly data: object;
}

/** Proxies cut connections that are silent for a minute. */
const heartbeatMs = 15_000;

/**
 * Answers with events as they come. The stream ends with `events`; `signal` (the request's) is to end them too, as
 * nothing else wakes a generator that waits. A fault in the middle ends the connection.
 */
export function eventStream(events: AsyncIterable<ServerEvent>, silenceMs = heartbeatMs): ManagementReply {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    body: Readable.from(written(events, silenceMs), { objectMode: false }),
  };
}

async function* written(events: AsyncIterable<ServerEvent>, silenceMs: number): AsyncGenerator<Buffer> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ; ) {
      const result = await within(next, silenceMs);
      if (result === null) {
        yield Buffer.from(': still here\n\n');
        continue;
      }
      if (result.done) return;
      yield Buffer.from(textOf(result.value));
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

/** `null` when nothing came in time. */
async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function textOf({ id, event, data }: ServerEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(event === undefined ? [] : [`event: ${event}`]),
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}
