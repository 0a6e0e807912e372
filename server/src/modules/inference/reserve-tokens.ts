/** What an answer is taken to need when the client names no bound; corrected by the final counts. */
const usualAnswerTokens = 256;
const bytesPerToken = 4;

/** An estimate of prompt plus answer, taken from the key's tokens per minute before the model has counted. */
export function reserveTokens(bodyBytes: number, maxAnswerTokens: unknown, choices: unknown): number {
  const answer = typeof maxAnswerTokens === 'number' ? maxAnswerTokens : usualAnswerTokens;
  const count = typeof choices === 'number' ? choices : 1;
  return Math.ceil(bodyBytes / bytesPerToken) + answer * count;
}
