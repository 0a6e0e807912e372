import type { WorkerHealth } from '@samovar/contract/worker-protocol';
import type { Clock } from '../../kernel/clock.ts';
import type { RunningWorker, WorkerExit } from '../../kernel/ports/worker-runner.ts';

const readyPollMs = 1_000;
/** Loading is watched closely: a waiting request goes on as soon as the model answers. */
const loadingPollMs = 100;
/** A worker that gives no answer for this long hangs: on a machine with work to do, seconds are normal. */
const silenceMs = 60_000;

export interface Watching {
  readonly clock: Clock;
  /** Called with every answer of a worker that loads or is ready. */
  seen(health: WorkerHealth): void;
  isReady(): boolean;
}

/** Asks a worker how it is until its process ends, and returns why it ended. Ends one that failed or hangs. */
export async function watchWorker(running: RunningWorker, watching: Watching): Promise<string> {
  let exit: WorkerExit | null = null;
  let verdict: string | null = null;
  let heardAt = watching.clock.now();
  const exited = running.exited.then((how) => {
    exit = how;
  });
  while (exit === null) {
    const health = await askHealth(running);
    if (exit !== null) break;
    if (health !== null) heardAt = watching.clock.now();
    if (health?.phase === 'failed') verdict = health.error ?? 'it could not load the model';
    else if (health?.phase === 'loading' || health?.phase === 'ready') watching.seen(health);
    if (watching.clock.now() - heardAt > silenceMs)
      verdict = `it gave no answer for ${silenceMs / 1000} seconds`;
    if (verdict !== null) {
      running.kill();
      await exited;
      return verdict;
    }
    await Promise.race([exited, sleep(watching.isReady() ? readyPollMs : loadingPollMs)]);
  }
  return describeExit(await running.exited);
}

/** `null` while it does not answer: it may not listen yet, or be busy. */
async function askHealth(running: RunningWorker): Promise<WorkerHealth | null> {
  try {
    return await running.health();
  } catch {
    // Silence is judged by its length, in the caller.
    return null;
  }
}

function describeExit(exit: WorkerExit): string {
  const how = exit.signal === null ? `it ended with code ${exit.code}` : `it was ended by ${exit.signal}`;
  const words = exit.lastWords.trim();
  return words === '' ? how : `${how}: ${words}`;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
