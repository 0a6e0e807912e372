import type { Principal } from '../../kernel/principal.ts';
import type { Endpoint } from '../inference/index.ts';
import type { ServedModel } from '../registry/index.ts';

/** A text whose label is known. */
export interface ClassificationSample {
  readonly text: string;
  readonly label: string;
}

export interface ClassificationRequest {
  readonly requestId: string;
  readonly principal: Principal;
  /** The name under which the call is metered. */
  readonly endpoint: Endpoint;
  /** A model's name or an alias, as the client sent it. */
  readonly model: string;
  /** What is to be told apart, in a sentence; may be empty. */
  readonly taskDescription: string;
  readonly labels: readonly string[];
  readonly text: string;
  /** Few-shot examples; without any it is zero-shot. */
  readonly samples: readonly ClassificationSample[];
  /** Milliseconds since the epoch; `null`: no limit. */
  readonly deadline: number | null;
}

export interface Classification {
  /** One for each label, in the order of the labels; they sum to 1. */
  readonly confidences: readonly number[];
  /** What the call was metered with. */
  readonly inputTokens: number;
  readonly model: ServedModel;
}

/**
 * Tells how well each label fits a text. Throws `request.invalid` or `request.missing_parameter` at once, before anything
 * is metered; rejects with what any inference throws, which is metered (`model.*`, `limit.*`, `engine.*`: a prompt that does not fit is
 * `engine.context_exceeded`, an engine that cannot score `engine.unsupported_operation`). Once aborted, it rejects
 * with the signal's reason; what was computed is metered all the same.
 */
export type Classify = (request: ClassificationRequest, signal: AbortSignal) => Promise<Classification>;
