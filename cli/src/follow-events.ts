import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from './command-error.ts';
import { type SentEvent, sentEvents } from './server-sent-events.ts';

/** How long a server that is being followed may be away. */
const comebackMs = 60_000;
const pauseMs = 1_000;

/**
 * The events of a stream until it ends. One that breaks is opened again with the id of the last event that had one.
 * Throws what `open` throws the first time, and what it throws for longer than a minute later.
 */
export async function* followEvents(
  open: (lastId: string) => Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<SentEvent> {
  let lastId = '';
  let body = await open(lastId);
  for (;;) {
    try {
      for await (const event of sentEvents(body)) {
        if (event.id !== '') lastId = event.id;
        yield event;
      }
      return;
    } catch (error) {
      // What the reader of the events threw is not the stream's.
      if (error instanceof CommandError) throw error;
      body = await openAgain(() => open(lastId));
    }
  }
}

async function openAgain(open: () => Promise<AsyncIterable<Uint8Array>>): Promise<AsyncIterable<Uint8Array>> {
  const brokenAt = Date.now();
  for (;;) {
    await sleep(pauseMs);
    try {
      return await open();
    } catch (error) {
      if (Date.now() - brokenAt > comebackMs) throw error;
    }
  }
}
