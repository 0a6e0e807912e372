import { type CachedSlot, reusableTokens, type WantedTokens } from './cached-slot.ts';

/** Losing a cached token costs this much of what reusing one gains: it may never be asked for again. */
const lostTokenWeight = 0.25;

/**
 * The free slot to run a task in: the one that shares the longest prefix, unless taking it would throw away a much
 * longer conversation; then an empty one or the one unused for longest. `null` when all are busy.
 */
export function chooseSlot<Slot extends CachedSlot>(
  slots: readonly Slot[],
  wanted: WantedTokens,
  pieceTokens: number,
): Slot | null {
  let best: Slot | null = null;
  let bestScore = 0;
  let oldest: Slot | null = null;
  for (const slot of slots) {
    if (slot.active !== null) continue;
    if (oldest === null || isOlder(slot, oldest)) oldest = slot;
    const reused = reusableTokens(slot, wanted, pieceTokens);
    const score = reused - lostTokenWeight * (slot.length - reused);
    if (score > bestScore) {
      best = slot;
      bestScore = score;
    }
  }
  return best ?? oldest;
}

function isOlder(slot: CachedSlot, other: CachedSlot): boolean {
  if (slot.length === 0 || other.length === 0) return slot.length === 0 && other.length > 0;
  return slot.lastUse < other.lastUse;
}
