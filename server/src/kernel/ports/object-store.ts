import type { Readable } from 'node:stream';

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Files by key. The local folder and S3 stand behind it alike. */
export interface ObjectStore {
  /** Writes a whole object; multipart when it is large. Visible only when complete. */
  put(key: string, body: Readable | Buffer, sizeBytes: number): Promise<void>;
  /**
   * Takes a file of this machine over as a whole object: moved where the store is a folder on the same disk, else
   * copied. The file may be gone afterwards.
   */
  adopt(key: string, path: string, sizeBytes: number): Promise<void>;
  /** Reads from `offset` (bytes) on; throws when there is no such object. */
  get(key: string, offset?: number): Promise<Readable>;
  head(key: string): Promise<ObjectInfo | null>;
  list(prefix: string): AsyncIterable<ObjectInfo>;
  delete(key: string): Promise<void>;
  /** A URL that lets its bearer read (or write) this object until it expires. */
  signedUrl(key: string, action: 'get' | 'put', expiresSeconds: number): Promise<string>;
  /** The object's path on this machine when the store is a local folder, else `null`: saves a copy. */
  localPath(key: string): string | null;
  /** Bytes that can still be put; `null` where the store does not tell. */
  freeBytes(): Promise<number | null>;
  /**
   * Removes what was left behind by puts that were cut off, of keys with these prefixes, where for so long nothing has
   * been added to it; returns how many there were.
   */
  removeUnfinished(prefixes: readonly string[], idleHours: number): Promise<number>;
  /** Throws `setup.object_store_unreachable` unless a small object can be written, read and deleted. */
  check(): Promise<void>;
}
