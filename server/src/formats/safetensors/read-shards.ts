import type { ByteSource } from '../bytes/byte-source.ts';
import { isRecord, recordMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';
import { readSafetensors, type SafetensorsHeader, type SafetensorsTensor } from './read-safetensors.ts';

/** A tensor of a model that may lie in several files. */
export interface ShardedTensor extends SafetensorsTensor {
  /** Path of its file, as the caller names it. */
  readonly file: string;
}

export interface ShardedTensors {
  readonly tensors: ReadonlyMap<string, ShardedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the headers of all shards and, where there is an index (`*.safetensors.index.json`, parsed), holds them
 * against it: each tensor in the file that it names, no file missing. `sources` are named by their file names.
 */
export async function readShards(sources: readonly ByteSource[], index: unknown): Promise<ShardedTensors> {
  const tensors = new Map<string, ShardedTensor>();
  const headers = new Map<string, SafetensorsHeader>();
  for (const source of sources) {
    const header = await readSafetensors(source);
    headers.set(source.name, header);
    for (const tensor of header.tensors.values()) {
      if (tensors.has(tensor.name))
        throw refusal(
          `the tensor ${tensor.name} is both in ${tensors.get(tensor.name)?.file} and in ${source.name}`,
        );
      tensors.set(tensor.name, { ...tensor, file: source.name });
    }
  }
  if (index !== undefined) checkIndex(index, headers, tensors);
  return { tensors, metadata: headers.values().next().value?.metadata ?? {} };
}

function checkIndex(
  index: unknown,
  headers: ReadonlyMap<string, SafetensorsHeader>,
  tensors: ReadonlyMap<string, ShardedTensor>,
): void {
  const map = isRecord(index) ? recordMember(index, 'weight_map') : null;
  if (map === null) throw refusal('the index of the shards has no weight_map');
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || /[/\\]/.test(file))
      throw refusal(`the index of the shards puts the tensor ${name} outside of the folder`);
    if (!headers.has(file)) throw refusal(`the shard ${file} is missing`);
    if (tensors.get(name)?.file !== file)
      throw refusal(`the index puts the tensor ${name} into ${file}, where it is not`);
  }
  const stray = [...tensors.keys()].find((name) => !Object.hasOwn(map, name));
  if (stray !== undefined) throw refusal(`the tensor ${stray} is in no index`);
}
