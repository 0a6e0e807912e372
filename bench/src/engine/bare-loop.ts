import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BareLoopRequest, BareLoopSize } from './bare-loop-process.ts';

export interface BareLoop {
  tokensPerSecond(request: BareLoopRequest): Promise<number>;
  stop(): Promise<void>;
}

const entry = fileURLToPath(new URL('./bare-loop-process.ts', import.meta.url));

/** Starts the engine's bare loop in a process of its own and waits until the model is loaded. */
export async function startBareLoop(size: BareLoopSize): Promise<BareLoop> {
  const child = fork(entry, [JSON.stringify(size)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  await once(child, 'message');
  return {
    async tokensPerSecond(request) {
      child.send(request);
      const [answer] = (await once(child, 'message')) as [{ tokensPerSecond?: number; error?: string }];
      if (answer.tokensPerSecond === undefined) throw new Error(answer.error ?? 'the loop gave no answer');
      return answer.tokensPerSecond;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
