/** A cache that forgets what was unused for longest, once all that it holds is larger than allowed. */
export interface BoundedCache<Value> {
  get(key: string): Value | undefined;
  /** Keeps a value of this size, in the unit of the cache's bound; one that is larger than the bound is not kept. */
  set(key: string, value: Value, size: number): void;
}

export function createBoundedCache<Value>(mostSize: number): BoundedCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly size: number }>();
  let sizeOfAll = 0;
  const drop = (key: string): void => {
    sizeOfAll -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, size) {
      drop(key);
      if (size > mostSize) return;
      entries.set(key, { value, size });
      sizeOfAll += size;
      for (const oldest of entries.keys()) {
        if (sizeOfAll <= mostSize) break;
        drop(oldest);
      }
    },
  };
}
