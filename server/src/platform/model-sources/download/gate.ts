/** Runs what it is given, so many at a time, in the order of their coming. */
export type Gate = <T>(act: () => Promise<T>) => Promise<T>;

export function createGate(limit: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (act) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      // The place goes on to the next one.
      if (next) next();
      else running -= 1;
    }
  };
}
