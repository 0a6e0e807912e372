import { SamovarError } from '../../../kernel/errors.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { companionFiles, folderOf } from './companion-files.ts';

/** The usual names of a whole model's weights, the first that is there wins; then an adapter's. */
const names = [
  /^model(-\d+-of-\d+)?\.safetensors$/,
  /^pytorch_model(-\d+-of-\d+)?\.safetensors$/,
  /^adapter_model\.safetensors$/,
  /^(?!consolidated).*\.safetensors$/,
  /^consolidated.*\.safetensors$/,
];

/**
 * Weights in safetensors with what belongs to them, from the outermost folder that has any; empty when none has.
 * Throws `model.source_invalid` when several folders have.
 */
export function safetensorsFiles(all: readonly SourceFile[], uri: string): SourceFile[] {
  const weights = all.filter(({ path }) => /\.safetensors$/i.test(path) && !/^\d+_[A-Za-z]+\//.test(path));
  const depth = Math.min(...weights.map(({ path }) => path.split('/').length));
  const folders = [
    ...new Set(
      weights.filter(({ path }) => path.split('/').length === depth).map(({ path }) => folderOf(path)),
    ),
  ];
  const [folder] = folders;
  if (folder === undefined) return [];
  if (folders.length > 1)
    throw new SamovarError('model.source_invalid', {
      params: { source: uri, reason: `it has several models: name one of the folders ${folders.join(', ')}` },
    });
  const here = weights.filter(({ path }) => folderOf(path) === folder);
  for (const name of names) {
    const fitting = here.filter(({ path }) => name.test(path.slice(folder.length)));
    if (fitting.length > 0) return [...companionFiles(all, folder), ...fitting];
  }
  return [];
}
