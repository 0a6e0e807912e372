import type { RouteEvent } from '@samovar/contract/route';

/** What the document shows of an inference route. */
export interface InferenceExamples {
  readonly body: object;
  readonly answer: object;
  /** Of an answer that was asked for as a stream; absent where there is none. */
  readonly events?: readonly RouteEvent[];
}
