/** The requests being answered, by id, for `/cancel`. */
export interface RunningRequests {
  /** Returns the function that takes it off the list. */
  add(requestId: string, cancel: () => void): () => void;
  /** Cancels every answer of this request id; false when there is none. */
  cancel(requestId: string): boolean;
}

export function createRunningRequests(): RunningRequests {
  const running = new Map<string, Set<() => void>>();
  return {
    add(requestId, cancel) {
      const same = running.get(requestId) ?? new Set();
      same.add(cancel);
      running.set(requestId, same);
      return () => {
        same.delete(cancel);
        if (same.size === 0 && running.get(requestId) === same) running.delete(requestId);
      };
    },
    cancel(requestId) {
      const same = running.get(requestId);
      for (const cancel of [...(same ?? [])]) cancel();
      return same !== undefined;
    },
  };
}
