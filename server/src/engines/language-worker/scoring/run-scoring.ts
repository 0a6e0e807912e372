import type { GenerationEnd, GenerationTask } from '../generation/generation-task.ts';
import type { TextGenerator } from '../generation/text-generator.ts';
import { defaultSampling } from '../sampling-options.ts';
import type { ScorePart } from './plan-scores.ts';

export type ScoringSetting = Pick<GenerationTask, 'priority' | 'deadline'>;

/** A task that scores continuations, and how it ended. */
export interface ScoringTask {
  readonly task: GenerationTask;
  /** Rejects with the error of the engine. */
  readonly ended: Promise<GenerationEnd>;
}

export function createScoringTask(
  { prompt, continuations }: ScorePart,
  setting: ScoringSetting,
): ScoringTask {
  const { promise, resolve, reject } = Promise.withResolvers<GenerationEnd>();
  const task: GenerationTask = {
    priority: setting.priority,
    deadline: setting.deadline,
    prompt,
    continuations,
    maxTokens: 0,
    reproducible: false,
    topLogprobs: null,
    sampling: { ...defaultSampling, temperature: 0, logitBias: new Map(), seed: 0 },
    grammar: null,
    triggeredGrammar: null,
    onPiece: () => false,
    onEnd: resolve,
    onError: reject,
    isPaused: () => false,
  };
  return { task, ended: promise };
}

/**
 * Runs tasks of one request one after another: each finds what it shares with the one before in that one's slot.
 * Returns how many were done before `signal` was aborted.
 */
export async function runScoring(
  generator: TextGenerator,
  tasks: readonly ScoringTask[],
  signal: AbortSignal,
): Promise<number> {
  let done = 0;
  for (const { task, ended } of tasks) {
    if (signal.aborted) break;
    const cancel = () => generator.cancel(task);
    signal.addEventListener('abort', cancel);
    try {
      // The request is in with its first task: the others wait for nobody.
      if (done === 0) generator.submit([task]);
      else generator.submitNext(task);
      if ((await ended).reason === 'cancelled') break;
      done += 1;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
  return done;
}
