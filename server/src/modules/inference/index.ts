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
