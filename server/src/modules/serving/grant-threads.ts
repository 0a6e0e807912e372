/**
 * The CPU budgeter: threads for a worker about to start. Engines that together run more threads than there are cores
 * lose most of their speed to each other's spinning, so the sum of all grants stays within the host's threads; only
 * when these are used up does a newcomer still get one. The share keeps the first worker from taking everything.
 */
export function grantThreads(
  hostThreads: number,
  granted: readonly number[],
  share: number,
  asked?: number,
): number {
  if (asked !== undefined) return Math.max(1, asked);
  const free = hostThreads - granted.reduce((sum, threads) => sum + threads, 0);
  return Math.max(1, Math.min(free, Math.ceil(hostThreads * share)));
}
