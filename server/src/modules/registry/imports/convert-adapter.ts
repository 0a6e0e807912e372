import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { SamovarError } from '../../../kernel/errors.ts';
import type { ConvertedFile } from '../../../kernel/ports/model-converter.ts';
import { modelFileKey } from '../get-version-files.ts';
import { type AdapterBase, findAdapterBases } from './adapter-base.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import type { ImportRequest } from './import-request.ts';

/** The metadata of a GGUF file, its vocabulary included, is in front and smaller than this. */
const headBytes = 64 * 1024 * 1024;

export interface AdapterTask {
  readonly folder: string;
  /** Of the adapter's files, relative to the folder. */
  readonly paths: readonly string[];
  readonly target: string;
  readonly signal: AbortSignal;
  onProgress(fraction: number): void;
}

/**
 * Makes a GGUF file of an adapter of PEFT, for the model that it was trained on. A forced one that has none here is made
 * for the first of `findAdapterBases` whose matrices it fits: `forcedFor` is the model's name. Throws `model.refused`
 * where it fits none.
 */
export async function convertAdapter(
  dependencies: RunImportDependencies,
  request: ImportRequest,
  { folder, paths, target, signal, onProgress }: AdapterTask,
): Promise<{ made: ConvertedFile; forcedFor: string | null }> {
  const bases = await findAdapterBases(dependencies.database, request);
  const misfits: string[] = [];
  for (const found of bases) {
    const base = await headOfBase(dependencies, found, { target, signal });
    const order = { kind: 'peft-to-gguf', folder, paths, base, target } as const;
    try {
      const [made] = await dependencies.converter.convert(order, { signal, onProgress });
      if (made === undefined) throw new Error('a conversion made no file');
      return { made, forcedFor: found.isOfLineage ? null : found.model };
    } catch (error) {
      const isMisfit = error instanceof SamovarError && error.code === 'model.refused';
      if (!isMisfit || found.isOfLineage) throw error;
      misfits.push(`${found.model}: ${error.params.reason}`);
    } finally {
      await rm(`${target}.base`, { force: true });
    }
  }
  if (misfits.length === 0) throw new Error('the base of the adapter has gone meanwhile');
  throw new SamovarError('model.refused', {
    params: {
      reason: `it fits no model that is here, not even by force (${misfits.slice(0, 5).join('; ')})`,
    },
  });
}

/** The beginning of the base's GGUF file, which says how the rows of its matrices are ordered. */
async function headOfBase(
  { objectStore }: RunImportDependencies,
  { sha256 }: AdapterBase,
  { target, signal }: Pick<AdapterTask, 'target' | 'signal'>,
): Promise<string> {
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
