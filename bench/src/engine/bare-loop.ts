import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BareLoopBatch, BareLoopRequest, BareLoopSize } from './bare-loop-process.ts';

export interface BareLoop {
  tokensPerSecond(request: BareLoopRequest): Promise<number>;
  requestsPerSecond(batch: BareLoopBatch): Promise<number>;
  stop(): Promise<void>;
}

const entry = fileURLToPath(new URL('./bare-loop-process.ts', import.meta.url));

/** Starts the engine's bare loop in a process of its own and waits until the model is loaded. */
export async function startBareLoop(size: BareLoopSize): Promise<BareLoop> {
  const child = fork(entry, [JSON.stringify(size)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  await once(child, 'message');
  const measure = async (asked: BareLoopRequest | BareLoopBatch): Promise<number> => {
    child.send(asked);
    const [answer] = (await once(child, 'message')) as [
      { tokensPerSecond?: number; requestsPerSecond?: number; error?: string },
    ];
    const measured = answer.tokensPerSecond ?? answer.requestsPerSecond;
    if (measured === undefined) throw new Error(answer.error ?? 'the loop gave no answer');
    return measured;
  };
  return {
    tokensPerSecond: measure,
    requestsPerSecond: measure,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
