import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConversionOrder, ConvertedFile } from '../../../kernel/ports/model-converter.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { FetchedFile } from '../../../kernel/ports/model-source.ts';
import { takenByForce } from './compare-adapter.ts';
import { type ConversionPlan, conversionPlan } from './conversion-plan.ts';
import { convertAdapter } from './convert-adapter.ts';
import { createFileMeter } from './file-meter.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { convertedFolder, importFolder, placeOf, refuseFullDisk } from './import-folder.ts';
import type { ImportRequest } from './import-request.ts';
import { areHere, mergedInspection } from './inspect-files.ts';
import { advance, noteProgress } from './started-import.ts';

/**
 * Makes what an engine runs of the files that were looked into: weights of the hub become GGUF, and fewer bits where that
 * was asked for; an adapter gets a GGUF file beside its own. What was made is looked into like everything else.
 */
export async function convertFiles(
  dependencies: RunImportDependencies,
  request: ImportRequest,
  jobSignal: AbortSignal,
): Promise<ImportRequest> {
  const { database, downloadsFolder, inspector } = dependencies;
  const { inspection, fetched } = request;
  const plan = inspection === null ? null : conversionPlan(request, inspection);
  if (inspection === null || fetched === null || plan === null)
    throw new Error(`the import ${request.id} is converted before it is known what it is`);
  const folder = importFolder(downloadsFolder, request.id);
  if (!(await areHere(folder, fetched)))
    return await advance(database, request, 'files-lost', { fetched: null, inspection: null });
  const needed = fetched.filter(({ path }) => inspection.needed.includes(path));
  const name = plan.kind === 'adapter' ? 'adapter.gguf' : 'model.gguf';
  const path = `${convertedFolder}/${name}`;
  const sizeBytes = needed.reduce((sum, file) => sum + file.sizeBytes, 0);
  await rm(placeOf(folder, convertedFolder), { recursive: true, force: true });
  await refuseFullDisk(folder, [{ path, sizeBytes: 2 * sizeBytes, sha256: null }], dependencies.freeBytes);
  await mkdir(placeOf(folder, convertedFolder), { recursive: true });
  const stopped = new AbortController();
  const signal = AbortSignal.any([jobSignal, stopped.signal]);
  const meter = createFileMeter(
    [{ path: name, sizeBytes }],
    (progress) => noteProgress(database, request, progress),
    (fault) => stopped.abort(fault),
  );
  const onProgress = (fraction: number) => meter.set(name, Math.round(fraction * sizeBytes));
  let made: ConvertedFile;
  let forcedFor: string | null = null;
  try {
    const target = placeOf(folder, path);
    const task = { folder, needed, target, signal, onProgress };
    if (plan.kind === 'adapter')
      ({ made, forcedFor } = await convertAdapter(dependencies, request, {
        ...commonFolder(folder, needed),
        target,
        signal,
        onProgress,
      }));
    else made = await carryOut(dependencies, plan, task);
  } catch (error) {
    throw stopped.signal.aborted ? stopped.signal.reason : error;
  } finally {
    await meter.end();
  }
  const madeInspection = await inspector.inspect(folder, [path], signal);
  const kept = plan.kind === 'adapter' ? needed : needed.filter(({ path }) => isLicense(inspection, path));
  const file: FetchedFile = { path, sizeBytes: made.sizeBytes, sha256: made.sha256 };
  const merged = mergedInspection(
    inspection,
    plan.kind === 'adapter' ? withoutInformation(madeInspection) : madeInspection,
    kept.map((each) => each.path),
  );
  return await advance(database, request, 'converted', {
    fetched: [file, ...kept],
    inspection: forcedFor === null ? merged : withForce(merged, forcedFor),
    failure: null,
  });
}

/** The file made does not name the base: its own files, which do, have said that already. */
function withoutInformation(made: Inspection): Inspection {
  return { ...made, notes: made.notes.filter(({ severity }) => severity !== 'information') };
}

/** For which model the adapter was made, and how to run it there. */
function withForce(inspection: Inspection, model: string): Inspection {
  const trainedOn = inspection.facts.adapter?.base.source ?? 'a model that it does not name';
  return takenByForce(
    inspection,
    `it was converted for ${model}, whose matrices it fits, and was trained on ${trainedOn}. A deployment with the base ${model} and force runs it`,
  );
}

function isLicense(inspection: Inspection, path: string): boolean {
  return inspection.files.some((file) => file.path === path && file.format === 'license');
}

interface Task {
  readonly folder: string;
  readonly needed: readonly FetchedFile[];
  readonly target: string;
  readonly signal: AbortSignal;
  onProgress(fraction: number): void;
}

async function carryOut(
  dependencies: RunImportDependencies,
  plan: Exclude<ConversionPlan, { readonly kind: 'adapter' }>,
  task: Task,
): Promise<ConvertedFile> {
  const { folder, target, needed, signal } = task;
  const paths = needed.map(({ path }) => path);
  const make = async (order: ConversionOrder, from: number, to: number): Promise<ConvertedFile> => {
    const onProgress = (fraction: number) => task.onProgress(from + fraction * (to - from));
    const [made] = await dependencies.converter.convert(order, { signal, onProgress });
    if (made === undefined) throw new Error('a conversion made no file');
    return made;
  };
  if (plan.kind === 'quantise') {
    const source = placeOf(folder, paths.find((path) => path.endsWith('.gguf')) ?? paths[0] ?? '');
    return await make({ kind: 'quantise', source, target, type: plan.type }, 0, 1);
  }
  const order = { kind: 'safetensors-to-gguf', ...commonFolder(folder, needed) } as const;
  if (plan.quantized === null) return await make({ ...order, target, type: plan.plain }, 0, 1);
  const between = `${target}.plain`;
  await make({ ...order, target: between, type: plan.plain }, 0, 0.5);
  const made = await make({ kind: 'quantise', source: between, target, type: plan.quantized }, 0.5, 1);
  await rm(between);
  return made;
}

/** The converter finds files by their names at the top: the folder that all of them share is left out. */
function commonFolder(folder: string, files: readonly FetchedFile[]): { folder: string; paths: string[] } {
  const paths = files.map(({ path }) => path);
  const [first = ''] = paths;
  const shared = first.slice(0, first.lastIndexOf('/') + 1);
  const at = paths.every((path) => path.startsWith(shared)) ? shared : '';
  return { folder: join(folder, at), paths: paths.map((path) => path.slice(at.length)) };
}
