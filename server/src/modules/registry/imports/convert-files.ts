import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ConversionOrder, ConvertedFile } from '../../../kernel/ports/model-converter.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { FetchedFile } from '../../../kernel/ports/model-source.ts';
import { modelFileKey } from '../get-version-files.ts';
import { findAdapterBase } from './adapter-base.ts';
import { type ConversionPlan, conversionPlan } from './conversion-plan.ts';
import { createFileMeter } from './file-meter.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import { convertedFolder, importFolder, placeOf, refuseFullDisk } from './import-folder.ts';
import type { ImportRequest } from './import-request.ts';
import { areHere, mergedInspection } from './inspect-files.ts';
import { advance, noteProgress } from './started-import.ts';

/** The metadata of a GGUF file, its vocabulary included, is in front and smaller than this. */
const headBytes = 64 * 1024 * 1024;

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
  try {
    const target = placeOf(folder, path);
    made = await carryOut(dependencies, request, plan, { folder, needed, target, signal, onProgress });
  } catch (error) {
    throw stopped.signal.aborted ? stopped.signal.reason : error;
  } finally {
    await meter.end();
  }
  const madeInspection = await inspector.inspect(folder, [path], signal);
  const kept = plan.kind === 'adapter' ? needed : needed.filter(({ path }) => isLicense(inspection, path));
  const file: FetchedFile = { path, sizeBytes: made.sizeBytes, sha256: made.sha256 };
  return await advance(database, request, 'converted', {
    fetched: [file, ...kept],
    inspection: mergedInspection(
      inspection,
      madeInspection,
      kept.map((each) => each.path),
    ),
    failure: null,
  });
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
  request: ImportRequest,
  plan: ConversionPlan,
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
  if (plan.kind === 'adapter') {
    const base = await headOfBase(dependencies, request, task);
    return await make({ kind: 'peft-to-gguf', ...commonFolder(folder, paths), base, target }, 0, 1);
  }
  if (plan.kind === 'quantise') {
    const source = placeOf(folder, paths.find((path) => path.endsWith('.gguf')) ?? paths[0] ?? '');
    return await make({ kind: 'quantise', source, target, type: plan.type }, 0, 1);
  }
  const order = { kind: 'safetensors-to-gguf', ...commonFolder(folder, paths) } as const;
  if (plan.quantized === null) return await make({ ...order, target, type: plan.plain }, 0, 1);
  const between = `${target}.plain`;
  await make({ ...order, target: between, type: plan.plain }, 0, 0.5);
  const made = await make({ kind: 'quantise', source: between, target, type: plan.quantized }, 0.5, 1);
  await rm(between);
  return made;
}

/** The converter finds files by their names at the top: the folder that all of them share is left out. */
function commonFolder(folder: string, paths: readonly string[]): { folder: string; paths: string[] } {
  const [first = ''] = paths;
  const shared = first.slice(0, first.lastIndexOf('/') + 1);
  const at = paths.every((path) => path.startsWith(shared)) ? shared : '';
  return { folder: join(folder, at), paths: paths.map((path) => path.slice(at.length)) };
}

/** The beginning of the base's GGUF file, which says how the rows of its matrices are ordered. */
async function headOfBase(
  { database, objectStore }: RunImportDependencies,
  request: ImportRequest,
  { target, signal }: Task,
): Promise<string> {
  const sha256 = await findAdapterBase(database, request);
  if (sha256 === null) throw new Error('the base of the adapter has gone meanwhile');
  const key = modelFileKey(sha256);
  const local = objectStore.localPath(key);
  if (local !== null) return local;
  const head = `${target}.base`;
  const bytes = await objectStore.get(key);
  await pipeline(bytes, upTo(headBytes), createWriteStream(head), { signal });
  return head;
}

function upTo(limitBytes: number) {
  return async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let left = limitBytes;
    for await (const piece of bytes) {
      yield piece.subarray(0, left);
      left -= piece.length;
      if (left <= 0) return;
    }
  };
}
