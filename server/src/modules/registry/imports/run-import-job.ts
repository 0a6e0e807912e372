import { rm } from 'node:fs/promises';
import { SamovarError } from '../../../kernel/errors.ts';
import type { JobDefinition } from '../../../kernel/ports/job-queue.ts';
import { releaseObjects } from '../objects/claim-objects.ts';
import { convertFiles } from './convert-files.ts';
import { type RunImportPayload, runImportJobKind } from './create-import.ts';
import { fetchFiles } from './fetch-files.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { importFolder, sweepImportFolders } from './import-folder.ts';
import type { ImportFailure, ImportRequest } from './import-request.ts';
import { importOf, importsInScope } from './import-request-store.ts';
import { hasImportEnded, type ImportState } from './import-state.ts';
import { inspectFiles } from './inspect-files.ts';
import { resolveSource } from './resolve-source.ts';
import { advance, ImportTaken, note, takeOver } from './started-import.ts';
import { storeFiles } from './store-files.ts';
import { forgetUploads, isUploaded } from './uploaded-source.ts';

/** Does what a state is about, and moves the request on. */
export type ImportStep = (
  dependencies: RunImportDependencies,
  request: ImportRequest,
  signal: AbortSignal,
) => Promise<ImportRequest>;

/** States in which a machine has something to do. */
const steps: Partial<Record<ImportState, ImportStep>> = {
  resolving: resolveSource,
  downloading: fetchFiles,
  inspecting: inspectFiles,
  converting: convertFiles,
  storing: storeFiles,
};

/**
 * Carries an import request out, from whatever state an earlier attempt has left it in: what has been fetched, looked
 * into or stored is not done again. An attempt that another has overtaken, or whose import was cancelled, writes
 * nothing more. Faults that may pass are tried again with growing pauses; all others end the import with their reason.
 */
export function createRunImportJob(dependencies: RunImportDependencies): JobDefinition<RunImportPayload> {
  const { database, downloadsFolder, log } = dependencies;
  return {
    ...runImportJobKind,
    async handle(payload, { signal, attempt }) {
      await sweepImportFolders(database, downloadsFolder);
      const taken = await takeOver(database, payload);
      if (taken === null) return await cleanUpEnded(dependencies, payload);
      let request = taken;
      const about = { import: request.id, model: request.modelName };
      try {
        for (let step = steps[request.state]; step !== undefined; step = steps[request.state])
          request = await step(dependencies, request, signal);
        if (request.state === 'ready') log.info(about, 'imported a model');
      } catch (error) {
        if (error instanceof ImportTaken) {
          log.info(about, 'an import was cancelled, or a later attempt has taken it over');
          await sweepImportFolders(database, downloadsFolder);
          return;
        }
        // A process that drains leaves the import as it is: the next attempt goes on.
        if (signal.aborted) throw error;
        const failure = failureOf(dependencies, request, error);
        if (mayPass(error) && attempt <= triesOf(request)) {
          await note(database, request, { failure });
          throw error;
        }
        await advance(database, request, 'gave-up', { failure });
        await releaseObjects(database, request.id);
        log.warn({ ...about, error }, 'an import failed');
        return;
      }
      if (hasImportEnded(request.state)) await cleanUp(dependencies, request);
    },
  };
}

/** Whoever asked for what is not there at all is told soon; what has been found is not given up for an hour's outage. */
function triesOf({ resolved }: ImportRequest): number {
  return resolved === null ? 2 : runImportJobKind.retryLimit;
}

/** Whether it may succeed later without anybody doing something else: the network, a store, the database. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof SamovarError)) return true;
  return (
    error.code === 'model.source_unavailable' ||
    error.code === 'registry.file_busy' ||
    error.code.startsWith('system.')
  );
}

async function cleanUp(dependencies: RunImportDependencies, request: ImportRequest): Promise<void> {
  const { database, downloadsFolder, objectStore } = dependencies;
  await releaseObjects(database, request.id);
  // Of a failed one, another try goes on with what is there; it is swept in a day.
  if (request.state === 'failed') return;
  await rm(importFolder(downloadsFolder, request.id), { recursive: true, force: true });
  if (isUploaded(request.source) && request.state === 'ready')
    await forgetUploads({ database, objectStore }, request, request.source);
}

/** One that has ended while nobody worked on it, by being cancelled, has something to be tidied up as well. */
async function cleanUpEnded(dependencies: RunImportDependencies, payload: RunImportPayload): Promise<void> {
  const row = await importsInScope(dependencies.database, payload)
    .where('id', '=', payload.importId)
    .executeTakeFirst();
  if (row !== undefined && hasImportEnded(row.state)) await cleanUp(dependencies, importOf(row));
}

function failureOf(
  { downloadsFolder }: RunImportDependencies,
  request: ImportRequest,
  thrown: unknown,
): ImportFailure {
  const error = asImportError(downloadsFolder, request, thrown);
  return { code: error.code, message: error.message, remedy: error.remedy, params: error.params };
}

function asImportError(folder: string, request: ImportRequest, thrown: unknown): SamovarError {
  if (thrown instanceof SamovarError) return thrown;
  if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT')) {
    const needed = Math.round((request.progress?.totalBytes ?? 0) / 1e6);
    return new SamovarError('setup.disk_full', {
      params: { path: folder, freeMegabytes: 0, neededMegabytes: needed },
      cause: thrown,
    });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new SamovarError('model.import_failed', {
    params: { model: request.modelName, reason },
    cause: thrown,
  });
}
