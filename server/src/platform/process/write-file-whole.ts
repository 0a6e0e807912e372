import { renameSync, writeFileSync } from 'node:fs';

/** Writes a small file so that readers see the old or the new content, never a part. Mode 600. */
export function writeFileWhole(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}
