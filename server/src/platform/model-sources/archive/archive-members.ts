import { createReadStream } from 'node:fs';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, openPromise } from 'yauzl';
import { SamovarError } from '../../../kernel/errors.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import type { ArchiveForm } from './archive-form.ts';

export interface ArchiveMember {
  readonly path: string;
  readonly sizeBytes: number;
  /** Readable until the next member is asked for; opens nothing before it is called. */
  open(): Promise<Readable>;
}

const mostMembers = 50_000;
/** Weights hardly shrink: an archive that grows more than so many times is a bomb, once it is large. */
const mostGrowth = 50;
const harmlessBytes = 256 * 1024 * 1024;

/**
 * Walks the regular files of an archive in its order; links and devices are passed over, nothing is unpacked that is
 * not opened. Throws `model.refused` for paths that leave the folder and archives that grow without measure.
 */
export async function* archiveMembers(
  path: string,
  form: ArchiveForm,
  archiveBytes: number,
): AsyncGenerator<ArchiveMember> {
  const watch = bombWatch(archiveBytes);
  if (form === 'zip') yield* zipMembers(path, watch);
  else yield* tarMembers(path, form, watch);
}

type BombWatch = (memberBytes: number) => void;

function bombWatch(archiveBytes: number): BombWatch {
  let members = 0;
  let bytes = 0;
  return (memberBytes) => {
    members += 1;
    bytes += memberBytes;
    if (members > mostMembers) throw refused(`the archive holds more than ${mostMembers} files`);
    if (bytes > harmlessBytes && bytes > archiveBytes * mostGrowth)
      throw refused(`${archiveBytes} bytes of archive grow to ${bytes} bytes and more`);
  };
}

async function* tarMembers(
  path: string,
  form: Exclude<ArchiveForm, 'zip'>,
  watch: BombWatch,
): AsyncGenerator<ArchiveMember> {
  const source = createReadStream(path, { highWaterMark: 512 * 1024 });
  const archive = extract();
  // Whatever breaks destroys `archive` with its reason, which the loop below throws.
  const ended = () => {};
  const unpacked = decompressor(form);
  if (unpacked === null) pipeline(source, archive, ended);
  else pipeline(source, unpacked, archive, ended);
  try {
    for await (const entry of archive) {
      const { name, type, size = 0 } = entry.header;
      watch(size);
      if (type === 'file' || type === 'contiguous-file')
        // A stream of another library, which is read and piped like one of Node's.
        yield { path: memberPath(name), sizeBytes: size, open: async () => entry as unknown as Readable };
      entry.resume();
    }
  } finally {
    source.destroy();
  }
}

function decompressor(form: Exclude<ArchiveForm, 'zip'>): Transform | null {
  if (form === 'tar') return null;
  return form === 'tar.gz' ? createGunzip() : createZstdDecompress();
}

async function* zipMembers(path: string, watch: BombWatch): AsyncGenerator<ArchiveMember> {
  const archive = await openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of archive.eachEntry() as AsyncIterable<Entry>) {
      watch(entry.uncompressedSize);
      if (entry.fileName.endsWith('/') || isZipLink(entry)) continue;
      yield {
        path: memberPath(entry.fileName),
        sizeBytes: entry.uncompressedSize,
        // It reads no more than the size that was told.
        open: () => archive.openReadStreamPromise(entry),
      };
    }
  } finally {
    archive.close();
  }
}

/** The upper half of the attributes is the Unix mode where the archive was made on one. */
function isZipLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

function memberPath(name: string): string {
  return checkedSourcePath(name.replace(/^(\.\/)+/, ''));
}

function refused(reason: string): SamovarError {
  return new SamovarError('model.refused', { params: { reason } });
}
