import { SamovarError } from '../../../kernel/errors.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import { refuseStrangeAdapter } from './adapter-base.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { importFolder, placeOf, sizeOf } from './import-folder.ts';
import type { ImportRequest } from './import-request.ts';
import { importedManifest } from './imported-manifest.ts';
import { advance, note } from './started-import.ts';
import { unpackArchives } from './unpack-archives.ts';

/**
 * Looks into the files, in a process of its own, and keeps what they are. Throws `model.refused` for what may not be
 * trusted, `import.not_servable` for what no engine runs, `import.base_missing` for an adapter without its base.
 */
export async function inspectFiles(
  dependencies: RunImportDependencies,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<ImportRequest> {
  const { database, downloadsFolder, inspector } = dependencies;
  const folder = importFolder(downloadsFolder, request.id);
  const fetched = request.fetched ?? [];
  if (!(await areHere(folder, fetched)))
    return await advance(database, request, 'files-lost', { fetched: null });
  const unpacked = await unpackArchives(dependencies, folder, fetched, signal);
  if (unpacked !== null) await note(database, request, { fetched: unpacked });
  const files = unpacked ?? fetched;
  const inspection = await inspector.inspect(
    folder,
    files.map(({ path }) => path),
    signal,
  );
  refuseUnservable(request, inspection);
  await refuseStrangeAdapter(database, request, inspection);
  // A fault of what becomes of it is found before anything is stored.
  importedManifest(request, inspection, files);
  return await advance(database, request, 'inspected', { inspection, failure: null });
}

export async function areHere(
  folder: string,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
): Promise<boolean> {
  for (const { path, sizeBytes } of files)
    if ((await sizeOf(placeOf(folder, path))) !== sizeBytes) return false;
  return files.length > 0;
}

function refuseUnservable(request: ImportRequest, inspection: Inspection): void {
  if (inspection.servable !== 'convert') return;
  const formats = [...new Set(inspection.files.map(({ format }) => format))].join(', ');
  throw new SamovarError('import.not_servable', {
    params: { model: request.modelName, reason: `no engine runs ${formats} without a conversion.` },
  });
}
