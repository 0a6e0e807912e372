import { copyFileSync, mkdirSync, openSync, renameSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

const sizeLimitBytes = 16 * 1024 * 1024;

/** Opens a log for appending, mode 600, and returns its file descriptor; children write to it by themselves. */
export function openLogFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o600);
}

/**
 * Keeps a log that others have open for appending below a size: its content moves to `<path>.1` (and that to
 * `<path>.2`), and it goes on empty. Lines written during the copy may be lost.
 */
export function rotateLogFile(path: string, limitBytes = sizeLimitBytes): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < limitBytes) return false;
  if (statSync(`${path}.1`, { throwIfNoEntry: false })) renameSync(`${path}.1`, `${path}.2`);
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  return true;
}
