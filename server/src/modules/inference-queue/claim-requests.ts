import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { startOperations } from '../operations/index.ts';
import type { ClaimedRequest } from './claimed-request.ts';
import { type EndingTimes, endUnused } from './end-requests.ts';
import { claimRows, lockVersion, permitsOfOthers, setPermits, type WaitingPair } from './lease-store.ts';
import { deleteRequests } from './queue-store.ts';
import { selectRequests } from './request-bodies.ts';

export interface ClaimParts extends EndingTimes {
  readonly database: Database;
  readonly owner: string;
  readonly leaseMs: number;
}

/** What one process wants of one version. */
export interface Claim {
  readonly versionId: string;
  /** How its requests name it. */
  readonly pairs: readonly WaitingPair[];
  /** Of all its ready workers together. */
  readonly slots: number;
  /** Requests that this process has of it already. */
  readonly held: number;
  /** Kept here beyond what may run, so that no slot is idle during a round trip. */
  readonly prefetch: number;
}

export interface ClaimResult {
  readonly requests: readonly ClaimedRequest[];
  /** How many this process may have running now. */
  readonly permits: number;
  /** More may wait than were taken. */
  readonly more: boolean;
}

/**
 * Takes as many requests of a version as the slots allow that other processes leave, and a few to keep at hand. All
 * processes together are never permitted more than the slots.
 */
export async function claimRequests(parts: ClaimParts, claim: Claim): Promise<ClaimResult> {
  const { versionId, held } = claim;
  return await parts.database.transaction().execute(async (transaction) => {
    await lockVersion(transaction, versionId);
    const others = await permitsOfOthers(transaction, versionId, parts.owner);
    const free = Math.max(0, claim.slots - others);
    const count = free === 0 ? 0 : Math.max(0, free + claim.prefetch - held);
    const rows = count === 0 ? [] : await claimRows(transaction, claim.pairs, { ...parts, count });
    const permits = Math.min(free, held + rows.length);
    await setPermits(transaction, parts, versionId, permits);
    const now = new Date(parts.clock.now());
    const { started, toEnd } = await startOperations(transaction, rows, now);
    const ending = new Map(toEnd.map(({ id, event }) => [id, event]));
    const unused = rows.flatMap(({ id, attempt }) => {
      const event = ending.get(id);
      if (event === undefined) return [];
      const error = new SamovarError(event === 'cancel' ? 'operation.cancelled' : 'operation.expired');
      return [{ id, attempt, event, error }];
    });
    await endUnused(transaction, unused, parts);
    const gone = rows.filter(({ id }) => !started.has(id) && !ending.has(id)).map(({ id }) => id);
    if (gone.length > 0) await deleteRequests(transaction, gone);
    const stored = started.size === 0 ? new Map() : await selectRequests(transaction, [...started.keys()]);
    const requests = rows.flatMap(({ id, attempt, failures, versionId }): ClaimedRequest[] => {
      const request = stored.get(id);
      const expiresAt = started.get(id);
      return request && expiresAt ? [{ ...request, attempt, failures, versionId, expiresAt }] : [];
    });
    return { requests, permits, more: free > 0 && rows.length === count };
  });
}
