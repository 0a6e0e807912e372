import type { Deployment } from './deployment.ts';

/** Another deployment that is used, or waited for, at the same time. */
export interface Rival {
  readonly deployment: Deployment;
  /** What it holds now; `null` while it is not in memory. */
  readonly heldBytes: number | null;
  /** What it needs with a context that is useful, and with its longest one. */
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** Milliseconds since the epoch of its last use. */
  readonly usedAt: number;
}

/** Memory for one that chooses its context itself. */
export interface SharedRoom {
  readonly bytes: number;
  /** Those that have room beside it. */
  readonly beside: readonly Rival[];
}

/**
 * How much of `freeableBytes` one may take so that those used at the same time fit beside it: whoever took all for a
 * long context would be unloaded for the next request to another model, which would take all in its turn. Rivals in
 * memory are left as they are if `leastBytes` fit beside them; else everybody is given an equal share, or as much less
 * as makes it useful. Of too many the least recently used are left out.
 */
export function shareRoom(freeableBytes: number, leastBytes: number, rivals: readonly Rival[]): SharedRoom {
  const latestFirst = rivals.toSorted((a, b) => b.usedAt - a.usedAt);
  for (let count = latestFirst.length; count > 0; count--) {
    const beside = latestFirst.slice(0, count);
    const equal = freeableBytes / (count + 1);
    const share = (rival: Rival) => Math.max(rival.leastBytes, Math.min(rival.mostBytes, equal));
    const least = (rival: Rival) => rival.leastBytes;
    const kept = (rival: Rival) => rival.heldBytes;
    for (const reserve of [
      (rival: Rival) => kept(rival) ?? share(rival),
      (rival: Rival) => kept(rival) ?? least(rival),
      share,
      least,
    ]) {
      const bytes = beside.reduce((left, rival) => left - reserve(rival), freeableBytes);
      if (bytes >= leastBytes) return { bytes, beside };
    }
  }
  return { bytes: freeableBytes, beside: [] };
}
