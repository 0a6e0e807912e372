/** One piece of an answer in the order in which it was generated. Neighbours of one kind may be joined. */
export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'tool-call-start'; readonly index: number; readonly id: string; readonly name: string }
  /** `delta` is raw JSON text; the deltas of one index, joined, are the arguments. */
  | { readonly kind: 'tool-call-arguments'; readonly index: number; readonly delta: string };

/** Turns generated text into parts. It may be cut anywhere between two pushes; the joined result is the same. */
export interface ToolCallParser {
  push(text: string): AnswerPart[];
  /** What was held back; malformed calls come out as text. Call it once, at the end of the generation. */
  finish(): AnswerPart[];
  /**
   * As `finish`, for a generation that was cut off: where calls are forced or one was read, the unfinished markup of
   * another is left out. A text that may be an answer stays whole.
   */
  cutOff(): AnswerPart[];
}
