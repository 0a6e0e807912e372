export interface TokenLogprob {
  readonly token: number;
  readonly logprob: number;
}

/** Log-probabilities by the model alone: log-softmax over its logits, before any bias, penalty or truncation. */
export interface RawLogprobs {
  readonly chosen: number;
  /** Most likely first. */
  readonly top: readonly TokenLogprob[];
}
