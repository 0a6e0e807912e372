/** A document below a prefix of a bucket. */
export interface FolderDocument {
  /** Relative, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Folders of manifests that the server reads itself. */
export interface ManifestFolder {
  /**
   * The YAML documents below `s3://bucket/prefix`, as this installation may read it. Throws `model.source_invalid`,
   * `model.source_unavailable`.
   */
  read(uri: string, signal: AbortSignal): Promise<readonly FolderDocument[]>;
}
