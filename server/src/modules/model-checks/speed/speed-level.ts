/** What was measured with so many requests at a time. Times in milliseconds. */
export interface SpeedLevel {
  readonly parallel: number;
  /** Requests that were answered. */
  readonly requests: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of all requests together: tokens of answers, of embedding models tokens read. */
  readonly tokensPerSecond: number;
  /** Of one request while its answer is written; `null` of embedding models. */
  readonly tokensPerSecondEach: number | null;
  /** Texts of embedding models. */
  readonly textsPerSecond: number | null;
  /** From the request to the first token, or to the vector: the middle one and the slowest of twenty. */
  readonly firstTokenMs: { readonly p50: number; readonly p95: number };
}
