import { SamovarError } from '../../kernel/errors.ts';
import type { AnswerStart, InferenceRequest, StartInference, TokenCounts } from '../inference/index.ts';
import type { ServedModel } from '../registry/index.ts';

/** Longer timers fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export interface ModelAnswer {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly counts: TokenCounts;
  readonly model: ServedModel;
}

/**
 * One inference as a promise. Rejects with its error, with the signal's reason once aborted, and with
 * `engine.deadline_passed`; in the last two cases the worker is told to stop.
 */
export function askModel(
  start: StartInference,
  request: InferenceRequest & { readonly deadline: number | null },
  signal: AbortSignal,
): Promise<ModelAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let begun: AnswerStart | null = null;
    let answer: ModelAnswer['answer'] | null = null;
    let timer: NodeJS.Timeout | null = null;
    const settled = (): void => {
      signal.removeEventListener('abort', aborted);
      if (timer !== null) clearTimeout(timer);
    };
    const stop = (reason: unknown): void => {
      settled();
      handle.cancel();
      reject(reason);
    };
    const aborted = (): void => stop(signal.reason);
    signal.addEventListener('abort', aborted);
    if (request.deadline !== null) {
      const leftMs = Math.min(Math.max(0, request.deadline - Date.now()), longestTimerMs);
      timer = setTimeout(() => stop(new SamovarError('engine.deadline_passed')), leftMs);
    }
    const handle = start(request, {
      form: 'objects',
      start(given) {
        begun = given;
      },
      bytes: () => true,
      object(value) {
        answer = value;
        return true;
      },
      end(counts) {
        settled();
        if (begun === null || answer === null) reject(new SamovarError('engine.failed'));
        else resolve({ answer, counts, model: begun.model });
      },
      error(error) {
        settled();
        reject(error);
      },
    });
  });
}
