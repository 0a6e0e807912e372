import { printLine } from './print-line.ts';

/** Below a list that was cut at `--limit`; nothing where it was whole (`null`). */
export function printThatMoreFollow(nextCursor: string | null): void {
  if (nextCursor !== null) printLine('There are more: `--limit` shows up to 1000, and the filters fewer.');
}
