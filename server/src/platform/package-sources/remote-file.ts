/** A file that an index told of. */
export interface RemoteFile {
  readonly url: string;
  readonly fileName: string;
  /** Published by the index; lower-case hex. */
  readonly digest: { readonly algorithm: 'sha256' | 'sha512' | 'sha1'; readonly hex: string } | null;
  readonly headers: Readonly<Record<string, string>>;
}
