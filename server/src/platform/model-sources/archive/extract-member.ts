import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SamovarError } from '../../../kernel/errors.ts';
import type { FetchedFile, FetchOptions, SourceFile } from '../../../kernel/ports/model-source.ts';
import { asDiskFull, refuseFullDisk } from '../download/disk-space.ts';
import type { ArchiveForm } from './archive-form.ts';
import { archiveMembers } from './archive-members.ts';

export interface StoredArchive {
  readonly path: string;
  readonly form: ArchiveForm;
  readonly sizeBytes: number;
  /** The source as errors name it. */
  readonly uri: string;
}

/**
 * Writes one member of an archive to `target`, which appears whole. `member` is its name in the archive.
 * Throws `model.file_mismatch` when it is missing or not as long as the archive says.
 */
export async function extractMember(
  archive: StoredArchive,
  member: string,
  file: SourceFile,
  target: string,
  options: FetchOptions,
): Promise<FetchedFile> {
  for await (const found of archiveMembers(archive.path, archive.form, archive.sizeBytes)) {
    if (found.path !== member) continue;
    await mkdir(dirname(target), { recursive: true });
    await refuseFullDisk(target, found.sizeBytes);
    const written = await write(await found.open(), `${target}.part`, options);
    if (written.sizeBytes !== found.sizeBytes) {
      await rm(`${target}.part`, { force: true });
      throw mismatch(
        archive,
        file,
        `it has ${written.sizeBytes} bytes, and the archive says ${found.sizeBytes}`,
      );
    }
    await rename(`${target}.part`, target);
    return { path: file.path, ...written };
  }
  throw mismatch(archive, file, `the archive holds no ${member}`);
}

async function write(
  body: Readable,
  path: string,
  options: FetchOptions,
): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      options.onProgress(sizeBytes);
      done(null, chunk);
    },
  });
  try {
    await pipeline(body, count, createWriteStream(path, { flush: true }), { signal: options.signal });
  } catch (error) {
    await rm(path, { force: true });
    throw asDiskFull(error, path, sizeBytes);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

function mismatch(archive: StoredArchive, file: SourceFile, reason: string): SamovarError {
  return new SamovarError('model.file_mismatch', {
    params: { file: file.path, source: archive.uri, reason },
  });
}
