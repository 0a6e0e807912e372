export { createInference, type Inference } from './create-inference.ts';
export type {
  InferenceDependencies,
  InferenceMetrics,
  InferenceObservation,
  InferencePolicy,
  LoadState,
} from './inference-dependencies.ts';
export type {
  AnswerStart,
  Endpoint,
  InferenceHandle,
  InferenceRequest,
  InferenceSink,
  StartInference,
  TokenCounts,
  WorkerPath,
} from './inference-request.ts';
