import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadEmbeddingSession } from './embedding-session.ts';
import {
  batchState,
  type SpareThreadAnswer,
  type SpareThreadBatch,
  type SpareThreadStart,
} from './spare-thread-messages.ts';

/** What a spare thread does: see `SpareThread`. An error ends it, and is told by that. */
const port = parentPort;
if (port === null) throw new Error('this runs as a thread only');
const { modelPath, pooling, states } = workerData as SpareThreadStart;
// The number of this thread, as the scheduler knows it.
setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), constants.priority.PRIORITY_LOW);
const session = await loadEmbeddingSession(modelPath, 1, pooling);
let last = Promise.resolve();
port.on('message', (batch: SpareThreadBatch | null) => {
  // One at a time, in the order in which they came; an error is not caught, so it ends the thread.
  last = last.then(() => (batch === null ? end() : compute(batch)));
});
say({ kind: 'ready' });

async function compute({ place, inputs }: SpareThreadBatch): Promise<void> {
  const { given, begun, done } = batchState;
  if (Atomics.compareExchange(states, place, given, begun) !== given) {
    say({ kind: 'left', place });
    return;
  }
  const vectors = await session.run(inputs);
  Atomics.store(states, place, done);
  say({ kind: 'done', place, vectors });
}

async function end(): Promise<void> {
  await session.release();
  port?.close();
}

function say(answer: SpareThreadAnswer): void {
  port?.postMessage(answer);
}
