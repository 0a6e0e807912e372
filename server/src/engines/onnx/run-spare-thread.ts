import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadEmbeddingSession } from './embedding-session.ts';
import type { SpareThreadAnswer, SpareThreadStart } from './spare-thread-messages.ts';

/** What a spare thread does: see `SpareThread`. An error ends it, and is told by that. */
const port = parentPort;
if (port === null) throw new Error('this runs as a thread only');
const { modelPath, pooling } = workerData as SpareThreadStart;
// The number of this thread, as the scheduler knows it.
setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), constants.priority.PRIORITY_LOW);
const session = await loadEmbeddingSession(modelPath, 1, pooling);
port.on('message', (inputs: readonly (readonly number[])[] | null) => {
  if (inputs === null) {
    void session.release().then(() => port.close());
    return;
  }
  void session.run(inputs).then((vectors) => {
    const answer: SpareThreadAnswer = { kind: 'done', vectors };
    port.postMessage(answer);
  });
});
const ready: SpareThreadAnswer = { kind: 'ready' };
port.postMessage(ready);
