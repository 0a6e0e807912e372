import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, Readable, Transform } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, openPromise } from 'yauzl';
import { SamovarError } from '../../kernel/errors.ts';
import { openFileSource } from '../bytes/byte-source.ts';
import { refusal } from '../refuse-files.ts';
import { type ArchiveBudget, type ArchiveLimits, createArchiveBudget } from './archive-limits.ts';

export interface UnpackTask {
  /** Absolute path of the archive. */
  readonly archive: string;
  /** What messages call it. */
  readonly name: string;
  /** An empty folder that exists. */
  readonly target: string;
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
}

/**
 * Unpacks a zip, tar or tar.gz archive and returns the paths of its files. Links, devices, paths that leave the
 * folder, twins and whatever grows beyond the limits are `model.refused`; what was unpacked by then stays in `target`.
 */
export async function unpackArchive(task: UnpackTask): Promise<string[]> {
  const { size } = await stat(task.archive);
  const budget = createArchiveBudget(task.name, size, task.limits);
  try {
    const kind = await kindOf(task);
    if (kind === 'zip') return await unpackZip(task, budget);
    return await unpackTar(task, budget, kind === 'gzip');
  } catch (error) {
    if (error instanceof SamovarError || task.signal.aborted || isDiskFault(error)) throw error;
    throw refusal(
      `${task.name} is damaged: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}

async function kindOf({ archive, name }: UnpackTask): Promise<'zip' | 'gzip' | 'tar'> {
  await using source = await openFileSource(archive, name);
  const head = await source.read(0, 512);
  if (head.readUInt32BE(0) === 0x504b0304) return 'zip';
  if (head.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  throw refusal(`${name} is neither a zip nor a tar archive`);
}

async function unpackZip(task: UnpackTask, budget: ArchiveBudget): Promise<string[]> {
  const archive = await openPromise(task.archive, { lazyEntries: true, autoClose: false });
  const paths: string[] = [];
  try {
    for await (const entry of archive.eachEntry() as AsyncIterable<Entry>) {
      if (entry.fileName.endsWith('/')) continue;
      // Upper half of the external attributes: the mode, when a Unix system packed it.
      const type = (entry.externalFileAttributes >>> 16) & 0o170_000;
      if (type !== 0 && type !== 0o100_000)
        throw refusal(`${task.name} holds ${entry.fileName}, which is a link or a device`);
      const path = budget.member(entry.fileName);
      await store(task, path, await archive.openReadStreamPromise(entry), budget);
      paths.push(path);
    }
  } finally {
    archive.close();
  }
  return paths;
}

async function unpackTar(task: UnpackTask, budget: ArchiveBudget, gzip: boolean): Promise<string[]> {
  const archive = extract();
  const source = createReadStream(task.archive);
  // Whatever breaks destroys `archive` with its reason, which the loop below throws.
  const ended = () => {};
  if (gzip) pipeline(source, createGunzip(), archive, ended);
  else pipeline(source, archive, ended);
  const paths: string[] = [];
  try {
    for await (const entry of archive) {
      const { name, type } = entry.header;
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      if (type !== 'file' && type !== 'contiguous-file')
        throw refusal(`${task.name} holds ${name}, which is a link or a device`);
      const path = budget.member(name);
      await store(task, path, Readable.from(entry as AsyncIterable<Buffer>), budget);
      paths.push(path);
    }
  } finally {
    source.destroy();
  }
  return paths;
}

async function store(
  { target, signal }: UnpackTask,
  path: string,
  bytes: Readable,
  budget: ArchiveBudget,
): Promise<void> {
  const place = join(target, ...path.split('/'));
  await mkdir(dirname(place), { recursive: true });
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      try {
        budget.bytes(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  // Never over a file that is there, nor through a link.
  await pipe(bytes, counted, createWriteStream(place, { flags: 'wx' }), { signal });
}

function isDiskFault(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(ENOSPC|EDQUOT|EROFS|EACCES|EIO)$/.test(String(error.code))
  );
}
