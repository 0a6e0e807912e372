import { setTimeout as sleep } from 'node:timers/promises';
import { printNews } from '../output/print-line.ts';

export interface Telling {
  /** How far it is by now; `null`: nothing new. */
  howFar(): string | null | Promise<string | null>;
  /** What takes no longer needs no words. */
  readonly pauseMs?: number;
  readonly tell?: (text: string) => void;
}

/**
 * Waits for something that may take long, and tells now and then how far it is, on the standard error: never among data.
 * It asks less often how far that is where the answer itself takes long; a failure to tell it does not end the wait.
 */
export async function tellWhile<T>(work: Promise<T>, telling: Telling): Promise<T> {
  const { howFar, pauseMs = 2000, tell = printNews } = telling;
  const done = new AbortController();
  const telltale = async () => {
    for (let pause = pauseMs, told = ''; ; ) {
      await sleep(pause, undefined, { signal: done.signal });
      const askedAt = performance.now();
      const text = await howFar();
      if (done.signal.aborted) return;
      if (text !== null && text !== told) tell(text);
      told = text ?? told;
      pause = Math.max(pauseMs, 4 * (performance.now() - askedAt));
    }
  };
  // Either the work is done, or the server does not answer: the work itself says so.
  telltale().catch(() => {});
  try {
    return await work;
  } finally {
    done.abort();
  }
}
