import type { StoredArchive } from './extract-member.ts';

/** Fetches the archive of a place, unless somebody is at it: then both get what comes of that. */
export type ShareFetch = (path: string, fetch: () => Promise<StoredArchive>) => Promise<StoredArchive>;

/** Files of one archive are fetched several at once, and two must not write into what one of them reads. */
export function createSharedFetches(): ShareFetch {
  const running = new Map<string, Promise<StoredArchive>>();
  return (path, fetch) => {
    const known = running.get(path);
    if (known !== undefined) return known;
    const begun = fetch().finally(() => running.delete(path));
    running.set(path, begun);
    return begun;
  };
}
