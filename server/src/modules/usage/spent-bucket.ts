const minuteMs = 60_000;

/**
 * A token bucket that remembers what was spent instead of what is left, so that a changed limit holds at once. What
 * was spent fades evenly, `limit` per minute. Within any t seconds a bucket gives at most `limit + limit * t / 60`:
 * a rested bucket may be emptied in one burst, and no more than the rate follows.
 */
export interface SpentBucket {
  spent: number;
  /** The limit per minute that it was last used under. */
  limit: number;
  updatedAt: number;
}

export function newBucket(now: number): SpentBucket {
  return { spent: 0, limit: 1, updatedAt: now };
}

/** Lets what was spent fade until `now` and returns what is left under this limit (negative when in debt). */
export function leftInBucket(bucket: SpentBucket, limit: number, now: number): number {
  bucket.spent = spentAt(bucket, limit, now);
  bucket.updatedAt = Math.max(bucket.updatedAt, now);
  bucket.limit = limit;
  return limit - bucket.spent;
}

/** Whether everything that was spent has faded: such a bucket is the same as a new one. */
export function isRested(bucket: SpentBucket, now: number): boolean {
  return spentAt(bucket, bucket.limit, now) === 0;
}

/** Milliseconds until `amount` has faded under this limit. */
export function fadingMs(amount: number, limit: number): number {
  return Math.max(0, (amount * minuteMs) / limit);
}

function spentAt(bucket: SpentBucket, limit: number, now: number): number {
  const elapsedMs = Math.max(0, now - bucket.updatedAt);
  return Math.max(0, bucket.spent - (elapsedMs * limit) / minuteMs);
}
