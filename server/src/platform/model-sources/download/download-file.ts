import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SamovarError } from '../../../kernel/errors.ts';
import type { FetchedFile, FetchOptions } from '../../../kernel/ports/model-source.ts';
import type { ByteSource } from './byte-source.ts';
import { ChangedFault } from './changed-fault.ts';
import { asDiskFull } from './disk-space.ts';
import { removeDownloadState } from './download-state.ts';
import { fileDigest } from './file-digest.ts';
import { fillPartial, type PartialFile } from './fill-partial.ts';
import type { Downloader, WantedFile } from './wanted-file.ts';

/**
 * Downloads a file to `target`: parallel parts where the server allows ranges, gone on with after an interruption (the
 * unfinished file and its state lie beside the target), the digest computed close behind the writing. The file
 * appears by a rename after its bytes are on the disk. What does not fit is fetched once more from the beginning, then
 * `model.file_mismatch`. Throws `setup.disk_full` too, and errors of the source as they are.
 */
export async function downloadFile(
  downloader: Downloader,
  source: ByteSource,
  wanted: WantedFile,
  target: string,
  options: FetchOptions,
): Promise<FetchedFile> {
  await mkdir(dirname(target), { recursive: true });
  const finished = await finishedBefore(wanted, target);
  if (finished) {
    options.onProgress(finished.sizeBytes);
    return finished;
  }
  try {
    return await downloadNew(downloader, source, wanted, target, options);
  } finally {
    source.close?.();
  }
}

async function downloadNew(
  downloader: Downloader,
  source: ByteSource,
  wanted: WantedFile,
  target: string,
  options: FetchOptions,
): Promise<FetchedFile> {
  const paths = { partial: `${target}.part`, state: `${target}.part.json` };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found = await fillPartial({ ...downloader, source, wanted, ...paths }, options);
      refuseMismatch(wanted, found);
      await rename(paths.partial, target);
      await removeDownloadState(paths.state);
      return { path: wanted.path, sizeBytes: found.sizeBytes, sha256: found.sha256 };
    } catch (error) {
      if (!(error instanceof ChangedFault)) throw asDiskFull(error, target, wanted.sizeBytes ?? 0);
      await removeDownloadState(paths.state);
      await rm(paths.partial, { force: true });
      if (attempt === 2) throw mismatch(wanted, error.message);
    }
  }
}

/** A file that an earlier call finished and nobody took. Without a digest it cannot be told from another. */
async function finishedBefore(wanted: WantedFile, target: string): Promise<FetchedFile | null> {
  if (wanted.sha256 === null) return null;
  const found = await fileDigest(target);
  if (found === null || found.sha256 !== wanted.sha256) return null;
  return { path: wanted.path, ...found };
}

function refuseMismatch(wanted: WantedFile, found: PartialFile): void {
  if (wanted.sizeBytes !== null && found.sizeBytes !== wanted.sizeBytes)
    throw new ChangedFault(`it has ${found.sizeBytes} bytes instead of ${wanted.sizeBytes}`);
  if (wanted.sha256 !== null && found.sha256 !== wanted.sha256)
    throw new ChangedFault(`its SHA-256 is ${found.sha256} instead of ${wanted.sha256}`);
}

function mismatch(wanted: WantedFile, reason: string): SamovarError {
  return new SamovarError('model.file_mismatch', {
    params: { file: wanted.path, source: wanted.uri, reason },
  });
}
