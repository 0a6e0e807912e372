import type { InferenceRequest, StartInference } from '../inference/index.ts';
import type { ServedModel } from '../registry/index.ts';
import type { ModelAnswer } from './ask-model.ts';
import type { ClassificationTask } from './check-request.ts';

export interface MethodCall {
  readonly start: StartInference;
  readonly request: Omit<InferenceRequest, 'workerPath' | 'task' | 'body'> & {
    readonly deadline: number | null;
  };
  readonly task: ClassificationTask;
  /** `null` when no such model answers: asking it will say why. */
  readonly model: ServedModel | null;
  readonly signal: AbortSignal;
}

export interface MethodOutcome {
  readonly answered: ModelAnswer;
  /** In the order of the task's labels; they sum to 1. */
  readonly confidences: readonly number[];
}

/** A way to classify with one kind of model, in one request to it. */
export type Method = (call: MethodCall) => Promise<MethodOutcome>;
