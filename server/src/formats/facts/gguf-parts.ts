import { numberOf, textOf } from '../gguf/gguf-value.ts';
import { type GgufHeader, readGguf } from '../gguf/read-gguf.ts';
import { refusal } from '../refuse-files.ts';
import type { GgufPart } from './gguf-model.ts';
import type { FolderFile } from './model-folder.ts';

export interface GgufFiles {
  /** Parts of the one model, in order; empty when there is none. */
  readonly model: readonly GgufPart[];
  readonly adapter: GgufPart | null;
  /** Files for pictures and sounds beside a language model. */
  readonly projectors: readonly string[];
}

/** Sorts GGUF files into one model, one adapter, and projectors. Throws `model.refused` for two models. */
export async function sortGgufFiles(files: readonly FolderFile[]): Promise<GgufFiles> {
  const model: GgufPart[] = [];
  const adapters: GgufPart[] = [];
  const projectors: string[] = [];
  for (const { path, source } of files) {
    const header = await readGguf(source);
    const type = textOf(header.metadata, 'general.type') ?? 'model';
    if (type === 'adapter') adapters.push({ path, source, header });
    else if (type === 'mmproj' || textOf(header.metadata, 'general.architecture') === 'clip')
      projectors.push(path);
    else if (type === 'model') model.push({ path, source, header });
    else throw refusal(`${path} is a GGUF file of the type ${type.slice(0, 60)}, which no engine here runs`);
  }
  if (adapters.length > 1 || (adapters.length > 0 && model.length > 0))
    throw refusal('there are several models and adapters in it: name one of them');
  return { model: inOrder(model), adapter: adapters[0] ?? null, projectors };
}

/** The parts of a split model in their order, none missing; anything else must be one file. */
function inOrder(parts: readonly GgufPart[]): readonly GgufPart[] {
  const count = splitCount(parts[0]?.header);
  if (parts.length <= 1 && count <= 1) return parts;
  if (count <= 1)
    throw refusal(
      `there are ${parts.length} models in it (${parts.map(({ path }) => path).join(', ')}): name one of them`,
    );
  const byNumber = new Map(parts.map((part) => [numberOf(part.header.metadata, 'split.no') ?? -1, part]));
  const ordered: GgufPart[] = [];
  for (let number = 0; number < count; number += 1) {
    const part = byNumber.get(number);
    if (part === undefined) throw refusal(`part ${number + 1} of ${count} is missing`);
    if (splitCount(part.header) !== count) throw refusal(`${part.path} belongs to another model`);
    ordered.push(part);
  }
  if (parts.length !== count)
    throw refusal(`there are ${parts.length} files, and the model has ${count} parts`);
  const tensors = ordered.reduce((sum, { header }) => sum + header.tensors.length, 0);
  const stated = numberOf(ordered[0]?.header.metadata ?? new Map(), 'split.tensors.count') ?? tensors;
  if (tensors !== stated)
    throw refusal(`its parts have ${tensors} tensors together, and it claims ${stated}`);
  return ordered;
}

function splitCount(header: GgufHeader | undefined): number {
  const count = header === undefined ? null : numberOf(header.metadata, 'split.count');
  if (count !== null && (!Number.isInteger(count) || count < 0 || count > 1000))
    throw refusal(`it claims to have ${count} parts`);
  return count ?? 1;
}
