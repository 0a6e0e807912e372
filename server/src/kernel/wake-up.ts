/** A pause that can be cut short, also when the call comes just before the pause begins. */
export interface WakeUp {
  /** Bound: may be handed over as a listener. */
  readonly wake: () => void;
  wait(longestMs: number): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let woken = false;
  let endPause: (() => void) | null = null;
  return {
    wake: () => {
      woken = true;
      endPause?.();
    },
    async wait(longestMs) {
      if (!woken) {
        const pause = Promise.withResolvers<void>();
        const timer = setTimeout(pause.resolve, longestMs);
        endPause = pause.resolve;
        await pause.promise;
        clearTimeout(timer);
        endPause = null;
      }
      woken = false;
    },
  };
}
