import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Files of a checkout that git knows or would take, by their ending. */
export function sourceFiles(root: string, endings: readonly string[]): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  return listed
    .toString()
    .split('\0')
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .flatMap((path) => readIfPresent(root, path));
}

function readIfPresent(root: string, path: string): SourceFile[] {
  try {
    return [{ path, text: readFileSync(join(root, path), 'utf8') }];
  } catch {
    return []; // removed in the work tree, not yet in the index
  }
}

/** Hand-written code that is neither a test nor made for tests. */
export function isProductCode(path: string): boolean {
  return !/\.test\.ts$|(^|\/)test\/|\.gen\.ts$|^contract\/generated\//.test(path);
}
