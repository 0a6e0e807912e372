import type { ByteRange } from './byte-source.ts';

/** Which bytes of a file are there, and which are to be fetched next. Parts are taken from the front on. */
export interface PartPlan {
  readonly totalBytes: number;
  /** The next part nobody fetches, no longer than a part is (or `mostBytes`); `null` when all are taken. */
  take(mostBytes?: number): ByteRange | null;
  /** These bytes lie in the file now. */
  wrote(range: ByteRange): void;
  /** What lies in the file, ordered, without neighbors that touch. */
  done(): readonly ByteRange[];
  doneBytes(): number;
  /** So many bytes are there without a gap from the beginning on. */
  prefixBytes(): number;
}

export function createPartPlan(totalBytes: number, partBytes: number, kept: readonly ByteRange[]): PartPlan {
  let done: ByteRange[] = [];
  for (const range of kept) done = joined(done, range);
  let doneBytes = done.reduce((sum, { start, end }) => sum + end - start, 0);
  const open = gaps(done, totalBytes);
  return {
    totalBytes,
    take(mostBytes = partBytes) {
      const first = open.shift();
      if (!first) return null;
      const end = Math.min(first.end, first.start + mostBytes);
      if (end < first.end) open.unshift({ start: end, end: first.end });
      return { start: first.start, end };
    },
    wrote(range) {
      done = joined(done, range);
      doneBytes += range.end - range.start;
    },
    done: () => done,
    doneBytes: () => doneBytes,
    prefixBytes: () => (done[0]?.start === 0 ? done[0].end : 0),
  };
}

/** Adds a range; few lie apart at a time, as parts are taken in order. */
function joined(ranges: readonly ByteRange[], added: ByteRange): ByteRange[] {
  let { start, end } = added;
  const apart: ByteRange[] = [];
  for (const range of ranges) {
    if (range.end < start || range.start > end) apart.push(range);
    else {
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
    }
  }
  return [...apart, { start, end }].sort((one, other) => one.start - other.start);
}

function gaps(done: readonly ByteRange[], totalBytes: number): ByteRange[] {
  const open: ByteRange[] = [];
  let at = 0;
  for (const { start, end } of done) {
    if (start > at) open.push({ start: at, end: start });
    at = end;
  }
  if (at < totalBytes) open.push({ start: at, end: totalBytes });
  return open;
}
