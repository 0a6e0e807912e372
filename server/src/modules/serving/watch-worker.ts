import type { WorkerHealth } from '@samovar/contract/worker-protocol';
import type { Clock } from '../../kernel/clock.ts';
import type { RunningWorker, WorkerExit } from '../../kernel/ports/worker-runner.ts';
import { engineFailure, exitFailure, openFailure, type WorkerFailure } from './worker-failure.ts';

const readyPollMs = 1_000;
/** Loading is watched closely: a waiting request goes on as soon as the model answers. */
const loadingPollMs = 100;
/** A worker that gives no answer for this long hangs: on a machine with work to do, seconds are normal. */
const silenceMs = 60_000;
/** One that was told to end closes its door when its last answer is given, and has this long to free what it holds. */
const closingMs = 5_000;

export interface Watching {
  readonly clock: Clock;
  /** Called with every answer of a worker that loads or is ready. */
  seen(health: WorkerHealth): void;
  isReady(): boolean;
  /** It was told to finish what runs and to end. */
  isDraining(): boolean;
}

/** Asks a worker how it is until its process ends, and returns why it ended. Ends one that failed or hangs. */
export async function watchWorker(running: RunningWorker, watching: Watching): Promise<WorkerFailure> {
  let exit: WorkerExit | null = null;
  let verdict: WorkerFailure | null = null;
  let heardAt = watching.clock.now();
  const exited = running.exited.then((how) => {
    exit = how;
  });
  while (exit === null) {
    const health = await askHealth(running);
    if (exit !== null) break;
    if (health !== null) heardAt = watching.clock.now();
    if (health?.phase === 'failed') verdict = engineFailure(health.error);
    else if (health?.phase === 'loading' || health?.phase === 'ready') watching.seen(health);
    if (watching.clock.now() - heardAt > silenceMs)
      verdict = openFailure(`its worker gave no answer for ${silenceMs / 1000} seconds`);
    if (watching.isDraining() && watching.clock.now() - heardAt > closingMs)
      verdict = openFailure(`its worker did not end ${closingMs / 1000} seconds after its last answer`);
    if (verdict !== null) {
      running.kill();
      await exited;
      return verdict;
    }
    await Promise.race([exited, sleep(watching.isReady() ? readyPollMs : loadingPollMs)]);
  }
  return exitFailure(await running.exited, watching.isReady() ? 'serving' : 'loading');
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

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
