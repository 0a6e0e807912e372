import { refusal } from '../refuse-files.ts';

/** What an archive may grow to. */
export interface ArchiveLimits {
  readonly totalBytes: number;
  readonly files: number;
  /** Unpacked bytes for each packed one, once more than 64 MB have come out. Weights hardly shrink at all. */
  readonly ratio: number;
}

export const defaultArchiveLimits: Omit<ArchiveLimits, 'totalBytes'> = { files: 10_000, ratio: 50 };

const freeBytes = 64 * 1024 * 1024;
const longestPath = 1024;

/** Counts what comes out of an archive, and refuses what is beyond the limits. */
export interface ArchiveBudget {
  /** A member of the archive; returns its path, checked: relative, inside, new. */
  member(path: string): string;
  bytes(count: number): void;
}

export function createArchiveBudget(name: string, packedBytes: number, limits: ArchiveLimits): ArchiveBudget {
  const seen = new Set<string>();
  let total = 0;
  return {
    member(path) {
      if (seen.size >= limits.files) throw refusal(`${name} holds more than ${limits.files} files`);
      const clean = path.replace(/^\.\//, '');
      if (!isInside(clean))
        throw refusal(
          `${name} holds the path ${JSON.stringify(path.slice(0, 200))}, which leaves its folder`,
        );
      // On many disks they are the same file.
      const folded = clean.normalize('NFC').toLowerCase();
      if (seen.has(folded)) throw refusal(`${name} holds ${clean} twice`);
      seen.add(folded);
      return clean;
    },
    bytes(count) {
      total += count;
      if (total > limits.totalBytes)
        throw refusal(`${name} grows beyond ${limits.totalBytes} bytes when it is unpacked`);
      if (total > freeBytes && total > packedBytes * limits.ratio)
        throw refusal(`${name} grows to more than ${limits.ratio} times its size when it is unpacked`);
    },
  };
}

/** Whether a path stays in the folder that it is relative to, on every system. */
export function isInside(path: string): boolean {
  if (path === '' || path.length > longestPath || /^\/|[\\:\p{Cc}]/u.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
