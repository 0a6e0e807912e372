import { SamovarError } from '../../../kernel/errors.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { companionFiles, folderOf } from './companion-files.ts';

/**
 * One ONNX model with its outer data and what belongs to it; `null` when there is none.
 * Throws `model.source_invalid` when none of several is the obvious one.
 */
export function onnxFiles(
  all: readonly SourceFile[],
  uri: string,
): { files: SourceFile[]; notes: string[]; alternatives: string[] } | null {
  const models = all.filter(({ path }) => /\.onnx$/i.test(path));
  if (models.length === 0) return null;
  const chosen =
    models.find(({ path }) => path === 'onnx/model.onnx') ??
    models.find(({ path }) => path === 'model.onnx') ??
    (models.length === 1 ? models[0] : undefined);
  const paths = models.map(({ path }) => path);
  if (chosen === undefined)
    throw new SamovarError('model.source_invalid', {
      params: { source: uri, reason: `it has several models: name one of ${paths.join(', ')}` },
    });
  const others = paths.filter((path) => path !== chosen.path);
  return {
    files: withCompanions(all, chosen),
    notes: others.length === 0 ? [] : [`Took ${chosen.path}; there are also ${others.join(', ')}.`],
    alternatives: others.map((path) => `/${path}`),
  };
}

/** An ONNX model with its outer data, and the configuration beside it and in the top folder. */
export function withCompanions(all: readonly SourceFile[], model: SourceFile): SourceFile[] {
  const folder = folderOf(model.path);
  const above = folder === '' ? [] : companionFiles(all, '');
  return [...above, ...companionFiles(all, folder), model, ...outerData(all, model.path)];
}

/** Tensors of more than 2 GB lie in files beside an ONNX model. */
function outerData(all: readonly SourceFile[], model: string): SourceFile[] {
  return all.filter(
    ({ path }) => path.startsWith(model) && /^[._]data(_\d+)?$/i.test(path.slice(model.length)),
  );
}
