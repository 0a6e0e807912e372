export { createInference, type Inference } from './create-inference.ts';
export type { LoadState } from './inference-dependencies.ts';
export type {
  AnswerStart,
  InferenceRequest,
  InferenceSink,
  StartInference,
  TokenCounts,
} from './inference-request.ts';
