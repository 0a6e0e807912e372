/** Cuts an answer at the first stop string, wherever the borders of its pieces lie. */
export interface StopFilter {
  /** The text that may be handed on; what could be the beginning of a stop string is held back. */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back, when the answer ends otherwise. */
  finish(): string;
}

export function createStopFilter(stops: readonly string[]): StopFilter {
  let held = '';
  return {
    push(text) {
      held += text;
      const at = firstStop(held, stops);
      if (at >= 0) {
        const before = held.slice(0, at);
        held = '';
        return { text: before, stopped: true };
      }
      const keep = longestBeginning(held, stops);
      const ready = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: ready, stopped: false };
    },
    finish() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

function firstStop(text: string, stops: readonly string[]): number {
  let first = -1;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  return first;
}

/** Length of the longest end of `text` with which a stop string begins. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1)
      if (text.endsWith(stop.slice(0, length))) longest = length;
  return longest;
}
