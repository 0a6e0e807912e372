import type { Clock } from '../../kernel/clock.ts';
import { longestLine, type NewLogLine } from './log-store.ts';

/** What a worker wrote and is not kept yet. */
export interface WorkerLines {
  readonly pending: readonly NewLogLine[];
  /** Bound: may be handed over as a listener. */
  readonly hear: (line: string) => void;
  /** All up to this one are kept. */
  kept(last: NewLogLine): void;
}

/** A worker that writes more between two passes loses the middle of it: the beginning and the end tell the most. */
const mostPending = 400;

export function createWorkerLines(clock: Clock): WorkerLines {
  let pending: NewLogLine[] = [];
  let leftOut = 0;
  return {
    get pending() {
      return pending;
    },
    hear(line) {
      if (line.trim() === '') return;
      const at = new Date(clock.now());
      const cut = line.length > longestLine ? `${line.slice(0, longestLine)}…` : line;
      // PostgreSQL takes no U+0000 in a text.
      const next = { at, line: cut.replaceAll('\0', '') };
      if (pending.length < mostPending) {
        pending.push(next);
        return;
      }
      leftOut += 1;
      const half = mostPending / 2;
      const note = { at, line: `… ${leftOut + 1} lines were written too fast and are not kept` };
      pending = [...pending.slice(0, half), note, ...pending.slice(half + 2), next];
    },
    kept(last) {
      pending = pending.slice(pending.indexOf(last) + 1);
      leftOut = 0;
    },
  };
}
