/** A loaded worker as the memory budget sees it. */
export interface Resident {
  readonly deploymentId: string;
  readonly needBytes: number;
  /** Pinned and always-loaded ones stay. */
  readonly evictable: boolean;
  readonly priority: number;
  readonly activeRequests: number;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
}

export type Room =
  | { readonly fits: true; readonly evict: readonly string[] }
  | { readonly fits: false; readonly freeBytes: number };

/**
 * Which workers must go so that another one fits: those of the lowest priority first, of these the least recently used,
 * those that are answering last, and none that must stay. Does not fit: `freeBytes` is the most that could be freed.
 */
export function makeRoom(budgetBytes: number, residents: readonly Resident[], needBytes: number): Room {
  let freeBytes = budgetBytes - residents.reduce((sum, resident) => sum + resident.needBytes, 0);
  const candidates = residents
    .filter((resident) => resident.evictable)
    .toSorted(
      (a, b) =>
        a.priority - b.priority ||
        Math.sign(a.activeRequests) - Math.sign(b.activeRequests) ||
        a.lastUsedAt - b.lastUsedAt,
    );
  const evict: string[] = [];
  for (const candidate of candidates) {
    if (freeBytes >= needBytes) break;
    freeBytes += candidate.needBytes;
    evict.push(candidate.deploymentId);
  }
  return freeBytes >= needBytes ? { fits: true, evict } : { fits: false, freeBytes };
}
