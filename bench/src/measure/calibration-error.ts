/** One decision: how sure it was (0–1), and whether it was right. */
export interface Decision {
  readonly confidence: number;
  readonly right: boolean;
}

/**
 * Expected calibration error (Naeini et al. 2015): the mean distance of confidence and accuracy over equal bins of
 * confidence, weighted by how many decisions fall into each. 0 is perfect.
 */
export function calibrationError(decisions: readonly Decision[], bins = 10): number {
  let error = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const inBin = decisions.filter(
      ({ confidence }) => Math.min(bins - 1, Math.floor(confidence * bins)) === bin,
    );
    if (inBin.length === 0) continue;
    const accuracy = inBin.filter(({ right }) => right).length / inBin.length;
    const confidence = inBin.reduce((sum, decision) => sum + decision.confidence, 0) / inBin.length;
    error += (inBin.length / decisions.length) * Math.abs(accuracy - confidence);
  }
  return error;
}
