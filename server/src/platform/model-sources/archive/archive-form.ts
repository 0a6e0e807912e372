/** How files are packed. */
export type ArchiveForm = 'tar' | 'tar.gz' | 'tar.zst' | 'zip';

/** The form of an archive by its file name; `null` when it is none that can be read here. */
export function archiveFormOf(fileName: string): ArchiveForm | null {
  if (/\.tar$/i.test(fileName)) return 'tar';
  if (/\.(tar\.gz|tgz|crate)$/i.test(fileName)) return 'tar.gz';
  if (/\.(tar\.zst|tzst)$/i.test(fileName)) return 'tar.zst';
  return /\.(zip|whl|jar)$/i.test(fileName) ? 'zip' : null;
}
