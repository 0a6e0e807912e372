import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ManifestFile } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type {
  FetchedFile,
  ModelSource,
  ResolvedSource,
  SourceFile,
} from '../../kernel/ports/model-source.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';
import { modelFileKey } from './get-version-files.ts';
import type { StartedImport } from './import-store.ts';
import { archivesFolder } from './imports/import-folder.ts';
import { noteHeldObject } from './objects/held-objects.ts';
import type { ProgressReporter } from './progress-reporter.ts';
import { copyUpload } from './uploads/copy-upload.ts';
import { forgetUpload } from './uploads/delete-upload.ts';
import { findCompleteUpload } from './uploads/upload-store.ts';

export interface VersionFetching {
  readonly database: Database;
  readonly objectStore: ObjectStore;
  readonly sources: ModelSource;
  readonly downloadsFolder: string;
}

interface Fetching {
  readonly reporter: ProgressReporter;
  readonly signal: AbortSignal;
}

/** Places that a `ModelSource` reads; packages are read as such, as they may have to be joined. */
export function isModelSource(source: string): boolean {
  return /^(hf|s3|oci):/.test(source);
}

/** Stores those of the files that the project has uploaded; returns what is still missing. */
export async function storeUploadedFiles(
  { database, objectStore, downloadsFolder }: VersionFetching,
  started: StartedImport,
  missing: readonly ManifestFile[],
  { reporter, signal }: Fetching,
): Promise<readonly ManifestFile[]> {
  const left: ManifestFile[] = [];
  const stored = new Set<string>();
  for (const file of missing) {
    // Two files of a model may be the same: one upload is enough.
    if (stored.has(file.sha256)) continue;
    const upload = await findCompleteUpload(database, started, file);
    if (upload === null) {
      left.push(file);
      continue;
    }
    const target = placeOf(downloadsFolder, started, file);
    await mkdir(dirname(target), { recursive: true });
    const onProgress = (bytes: number) => reporter.downloaded(file.name, bytes, file.sizeBytes);
    await copyUpload({ database, objectStore }, upload, target, { signal, onProgress });
    await objectStore.adopt(modelFileKey(file.sha256), target, file.sizeBytes);
    await noteHeldObject(database, started, file.sha256);
    await forgetUpload(database, objectStore, upload);
    stored.add(file.sha256);
  }
  return left;
}

/** Fetches files of a version from one source and stores them. Throws `model.file_mismatch`, and what sources throw. */
export async function fetchThroughSource(
  { database, objectStore, sources, downloadsFolder }: VersionFetching,
  source: string,
  started: StartedImport,
  missing: readonly ManifestFile[],
  { reporter, signal }: Fetching,
): Promise<void> {
  const archives = archivesFolder(versionFolder(downloadsFolder, started));
  const resolved = await resolvedSource(sources, source, started, { signal, archives });
  for (const file of missing) {
    const found = fileIn(resolved, file);
    const target = placeOf(downloadsFolder, started, file);
    await mkdir(dirname(target), { recursive: true });
    const onProgress = (bytes: number) => reporter.downloaded(file.name, bytes, file.sizeBytes);
    const wanted = { ...found, sizeBytes: file.sizeBytes, sha256: file.sha256 };
    const fetched = await sources.fetch(resolved, wanted, target, { signal, onProgress, archives });
    await refuseOther(fetched, file, { source, target });
    await objectStore.adopt(modelFileKey(file.sha256), target, file.sizeBytes);
    await noteHeldObject(database, started, file.sha256);
  }
}

/** Where files of a version lie until they are in the object store. */
export function versionFolder(
  downloadsFolder: string,
  { versionId }: Pick<StartedImport, 'versionId'>,
): string {
  return join(downloadsFolder, 'versions', versionId);
}

function placeOf(downloadsFolder: string, started: StartedImport, { name }: ManifestFile): string {
  return join(versionFolder(downloadsFolder, started), name);
}

/**
 * A folder of a bucket is not to be chosen from: the manifest says what is in it. Beside a manifest, files are called
 * as it names them.
 */
async function resolvedSource(
  sources: ModelSource,
  source: string,
  { manifest, extraSources }: StartedImport,
  { signal, archives }: { readonly signal: AbortSignal; readonly archives: string },
): Promise<ResolvedSource> {
  if (!/^s3:.*\/$/.test(source)) return await sources.resolve(source, signal, { archives });
  const beside = extraSources.includes(source);
  const files = manifest.files.map((file) => ({
    path: beside || file.pathInSource === '' ? file.name : file.pathInSource,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
  }));
  return { uri: source, revision: null, files, license: null, notes: [], alternatives: [] };
}

function fileIn({ uri, files }: ResolvedSource, file: ManifestFile): SourceFile {
  const path = file.pathInSource === '' ? file.name : file.pathInSource;
  const found =
    files.find((one) => one.sha256 === file.sha256) ??
    files.find((one) => one.path === path) ??
    files.find((one) => basename(one.path) === basename(path)) ??
    (files.length === 1 ? files[0] : undefined);
  if (found) return found;
  throw new SamovarError('model.file_mismatch', {
    params: { file: file.name, source: uri, reason: 'there is no such file' },
  });
}

async function refuseOther(
  fetched: FetchedFile,
  file: ManifestFile,
  { source, target }: { readonly source: string; readonly target: string },
): Promise<void> {
  if (fetched.sha256 === file.sha256 && fetched.sizeBytes === file.sizeBytes) return;
  await rm(target, { force: true });
  throw new SamovarError('model.file_mismatch', {
    params: { file: file.name, source, reason: `its SHA-256 is ${fetched.sha256} instead of ${file.sha256}` },
  });
}
