export interface SourceFile {
  /** Relative, with `/`; never `..` (a source that names such a file is refused). */
  readonly path: string;
  /** `null` while the source does not tell. */
  readonly sizeBytes: number | null;
  /** Hex; `null` where the source publishes none: then it is computed on the way. */
  readonly sha256: string | null;
}

/** The licence as the source tells it, before anybody has read the files. */
export interface SourceLicense {
  /** SPDX identifier, or the source's own word for it. */
  readonly id: string;
  readonly url: string | null;
  /** The terms must be accepted before the files may be had. */
  readonly gated: boolean;
}

/** What stands behind a source URI at one moment. */
export interface ResolvedSource {
  /** The same bytes for ever: the revision that the URI's branch or tag meant is in it. */
  readonly uri: string;
  /** Commit, digest or version; `null` where the source has none. */
  readonly revision: string | null;
  readonly files: readonly SourceFile[];
  readonly license: SourceLicense | null;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Bytes of this file that lie on the disk now, those of earlier attempts included. */
  onProgress(downloadedBytes: number): void;
}

export interface FetchedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Places that models come from: `hf:owner/name[@revision][/path]`, `s3://bucket/prefix`, `https://…`, `file:/…`,
 * `oci:registry/name[:tag|@digest]`, and packages (`pypi:`, `npm:`, `maven:`). What is fetched is data, never run.
 */
export interface ModelSource {
  /** Throws `model.source_invalid`, `model.source_unavailable`, `model.source_gated`. */
  resolve(uri: string, signal: AbortSignal): Promise<ResolvedSource>;
  /**
   * Puts one file at `target` (an absolute path): in parallel parts where the source allows it, going on where an
   * earlier attempt stopped, its size and digest checked. Memory does not grow with the file.
   * Throws `model.source_unavailable`, `model.file_mismatch`, `setup.disk_full`.
   */
  fetch(
    source: ResolvedSource,
    file: SourceFile,
    target: string,
    options: FetchOptions,
  ): Promise<FetchedFile>;
  close(): Promise<void>;
}
