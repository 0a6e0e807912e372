export interface SourceFile {
  /** Relative, with `/`; never `..` (a source that names such a file is refused). */
  readonly path: string;
  /** `null` while the source does not tell. */
  readonly sizeBytes: number | null;
  /** Hex; `null` where the source publishes none: then it is computed on the way. */
  readonly sha256: string | null;
  /**
   * The source's own mark of these bytes (an ETag, the archive that holds the file): `fetch` refuses others where no
   * digest tells. To be kept with the file, opaque to everybody else.
   */
  readonly tag?: string;
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
  /** Those that make one model; what no model needs (pictures) and what is refused (pickles, code) is left out. */
  readonly files: readonly SourceFile[];
  readonly license: SourceLicense | null;
  /** What was chosen for whoever did not say, and what was left out: sentences to be shown. */
  readonly notes: readonly string[];
  /** URIs of what else could have been chosen here, such as other quantisations. */
  readonly alternatives: readonly string[];
}

export interface ResolveOptions {
  /**
   * A folder of the caller's own, in which archives are kept while their files are fetched: of two that fetch the same
   * at once, none writes into what the other reads. Whoever has ended removes it.
   */
  readonly archives: string;
  /** Called where an archive must be fetched before its files are known; `totalBytes` is `null` while it is not known. */
  onProgress?(downloadedBytes: number, totalBytes: number | null): void;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Bytes of this file that lie on the disk now, those of earlier attempts included. */
  onProgress(downloadedBytes: number): void;
}

/** Of a file of a source: as for `resolve`, archives that are there already are used. */
export interface SourceFetchOptions extends FetchOptions, Pick<ResolveOptions, 'archives'> {}

export interface FetchedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Places that models come from: `hf:owner/name[@revision][:quantisation][/path]`, `s3://bucket/prefix`, `https://…`, `file:/…`,
 * `oci:registry/name[:tag|@digest]`, and packages (`pypi:`, `npm:`, `maven:`). What is fetched is data, never run.
 */
export interface ModelSource {
  /**
   * Throws `model.source_invalid`, `model.source_unavailable`, `model.source_gated`, `model.refused`,
   * `request.address_refused`, and `setup.disk_full` where an archive has to be fetched.
   */
  resolve(uri: string, signal: AbortSignal, options: ResolveOptions): Promise<ResolvedSource>;
  /**
   * Puts one file at `target` (an absolute path; one call at a time for each): in parallel parts where the source
   * allows it, going on where an earlier attempt stopped, its size and digest checked. What is not finished lies
   * beside the target under names that begin with its own. Memory does not grow with the file.
   * Throws what `resolve` throws, `model.file_mismatch` and `setup.disk_full`.
   */
  fetch(
    source: ResolvedSource,
    file: SourceFile,
    target: string,
    options: SourceFetchOptions,
  ): Promise<FetchedFile>;
  close(): Promise<void>;
}
