import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FetchedFile, ResolvedSource, SourceFile } from '../../../kernel/ports/model-source.ts';
import { claimObjects } from '../objects/claim-objects.ts';
import { findHeldObjects } from '../objects/held-objects.ts';
import { copyUpload } from '../uploads/copy-upload.ts';
import { createFileMeter, type FileMeter } from './file-meter.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { archivesFolder, bringFromStore, importFolder, placeOf, refuseFullDisk } from './import-folder.ts';
import type { ImportRequest } from './import-request.ts';
import { wholeSource } from './secret-source.ts';
import { advance, noteProgress } from './started-import.ts';
import { uploadsOf } from './uploaded-source.ts';

/** Files at once; each of them may come in parallel parts. */
const filesAtOnce = 3;

/**
 * Puts the files of the source into the folder of the import. What the project has already is taken from the store,
 * what an earlier attempt has fetched is gone on with. Throws `setup.disk_full` before the first byte.
 */
export async function fetchFiles(
  dependencies: RunImportDependencies,
  request: ImportRequest,
  jobSignal: AbortSignal,
): Promise<ImportRequest> {
  const { database, downloadsFolder } = dependencies;
  const resolved = resolvedOf(request);
  const folder = importFolder(downloadsFolder, request.id);
  const stopped = new AbortController();
  const signal = AbortSignal.any([jobSignal, stopped.signal]);
  const stored = await storedFiles(dependencies, request, resolved.files, signal);
  const missing = resolved.files.filter((file) => !stored.has(file));
  await refuseFullDisk(folder, missing, dependencies.freeBytes);
  const meter = createFileMeter(
    resolved.files,
    (progress) => noteProgress(database, request, progress),
    (fault) => stopped.abort(fault),
  );
  const fetchMissing = await fetcherOf(dependencies, request, resolved);
  const fetched: FetchedFile[] = [];
  try {
    await eachAtOnce(resolved.files, filesAtOnce, stopped, async (file) => {
      const target = placeOf(folder, file.path);
      const key = stored.get(file);
      const one = key
        ? await bringStored(dependencies, file, key, { target, meter, signal })
        : await fetchMissing(file, target, {
            signal,
            onProgress: (bytes) => meter.set(file.path, bytes),
          });
      meter.set(file.path, one.sizeBytes);
      fetched.push({ ...one, path: file.path });
    });
  } catch (error) {
    throw stopped.signal.aborted ? stopped.signal.reason : error;
  } finally {
    await meter.end();
  }
  const inOrder = resolved.files.flatMap(({ path }) => fetched.filter((file) => file.path === path));
  return await advance(database, request, 'fetched', { fetched: inOrder, failure: null });
}

function resolvedOf({ id, resolved }: ImportRequest): ResolvedSource {
  if (resolved === null) throw new Error(`the import ${id} is fetched before its source is known`);
  return resolved;
}

/** The files that the project holds in the object store, kept from being collected there, with their keys. */
async function storedFiles(
  { database, objectStore }: RunImportDependencies,
  request: ImportRequest,
  files: readonly SourceFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceFile, string>> {
  const digests = files.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256]));
  await claimObjects(database, request.id, digests, signal);
  const held = await findHeldObjects({ database, objectStore }, request, digests);
  const stored = new Map<SourceFile, string>();
  for (const file of files) {
    const found = file.sha256 === null ? undefined : held.get(file.sha256);
    if (found !== undefined && (file.sizeBytes === null || found.sizeBytes === file.sizeBytes))
      stored.set(file, found.key);
  }
  return stored;
}

async function bringStored(
  { objectStore }: RunImportDependencies,
  file: SourceFile,
  key: string,
  { target, signal }: { readonly target: string; readonly meter: FileMeter; readonly signal: AbortSignal },
): Promise<FetchedFile> {
  await bringFromStore(objectStore, key, target, signal);
  const found = await objectStore.head(key);
  return { path: file.path, sizeBytes: found?.sizeBytes ?? file.sizeBytes ?? 0, sha256: file.sha256 ?? '' };
}

type FetchOne = (
  file: SourceFile,
  target: string,
  options: { readonly signal: AbortSignal; onProgress(bytes: number): void },
) => Promise<FetchedFile>;

async function fetcherOf(
  { database, objectStore, sources, sealing, downloadsFolder }: RunImportDependencies,
  request: ImportRequest,
  resolved: ResolvedSource,
): Promise<FetchOne> {
  const archives = archivesFolder(importFolder(downloadsFolder, request.id));
  const source =
    request.sealedSource === null ? resolved : { ...resolved, uri: wholeSource(sealing, request) };
  const uploads = await uploadsOf(database, request, request.source);
  return async (file, target, options) => {
    await mkdir(dirname(target), { recursive: true });
    if (uploads === null) return await sources.fetch(source, file, target, { ...options, archives });
    const upload = uploads.find(({ name }) => name === file.path);
    if (upload === undefined) throw new Error(`no upload of ${request.source} is called ${file.path}`);
    return await copyUpload({ database, objectStore }, upload, target, options);
  };
}

/** Runs at most so many at once; the first fault stops the others, and is thrown when they have ended. */
async function eachAtOnce<T>(
  items: readonly T[],
  limit: number,
  stopped: AbortController,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const lanes = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (let item = left.shift(); item !== undefined && !stopped.signal.aborted; item = left.shift())
      await run(item).catch((error: unknown) => {
        stopped.abort(error);
        throw error;
      });
  });
  await Promise.allSettled(lanes);
  if (stopped.signal.aborted) throw stopped.signal.reason;
}
