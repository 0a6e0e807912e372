import { SamovarError } from '../../../kernel/errors.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { companionFiles, folderOf } from './companion-files.ts';
import { kindOfFile } from './file-kind.ts';
import { type GgufModel, ggufModels, isAuxiliaryGguf, preferredModel } from './gguf-files.ts';
import { patternMatcher } from './matches-pattern.ts';
import { onnxFiles, withCompanions } from './onnx-files.ts';
import { safetensorsFiles } from './safetensors-files.ts';

/** What was asked for; nothing means: what makes one model. */
export interface FileWish {
  /** As errors name the source. */
  readonly uri: string;
  readonly quantization: string | null;
  /** A file, a folder or a glob (`*`, `**`, `{a,b}`). */
  readonly path: string | null;
}

export interface FileChoice {
  readonly files: readonly SourceFile[];
  readonly notes: readonly string[];
  /** What could be put behind the source instead: `:Q8_0`, `/onnx/model_int8.onnx`. */
  readonly alternatives: readonly string[];
}

/**
 * Chooses the files that make one model. Pickles and code are never among them, even when they are named.
 * Throws `model.source_invalid` when the wish fits nothing or several models fit, and `model.refused` when nothing is
 * left that may be trusted.
 */
export function chooseFiles(all: readonly SourceFile[], wish: FileWish): FileChoice {
  const choice = wish.path === null ? chooseModel(all, wish) : chooseNamed(all, wish, wish.path);
  return { ...choice, notes: [...choice.notes, ...refusedNotes(all)] };
}

function chooseModel(all: readonly SourceFile[], wish: FileWish): FileChoice {
  const models = ggufModels(all);
  if (models.length > 0) return chooseGguf(all, models, wish);
  if (wish.quantization !== null)
    throw invalid(wish, 'a quantisation can be chosen only where there are GGUF files');
  const safetensors = safetensorsFiles(all, wish.uri);
  if (safetensors.length > 0) return { files: safetensors, notes: [], alternatives: onnxPaths(all) };
  const onnx = onnxFiles(all, wish.uri);
  if (onnx !== null) return onnx;
  throw new SamovarError('model.refused', {
    params: { reason: `${wish.uri} has no GGUF, safetensors or ONNX file${pickleWords(all)}` },
  });
}

function chooseGguf(all: readonly SourceFile[], models: readonly GgufModel[], wish: FileWish): FileChoice {
  const labels = [...new Set(models.map(({ label }) => label))];
  const wanted = wish.quantization?.toUpperCase() ?? null;
  const label = wanted ?? preferredModel(models)?.label ?? '';
  const fitting = models.filter((model) => model.label.toUpperCase() === label.toUpperCase());
  const [chosen] = fitting;
  if (chosen === undefined) throw invalid(wish, `it has ${labels.join(', ')}, and no ${label}`);
  if (fitting.length > 1 || (wanted === null && labels.every(isNoQuantization) && labels.length > 1)) {
    const paths = (fitting.length > 1 ? fitting : models).map(({ files }) => files[0]?.path ?? '');
    throw invalid(wish, `it has several models: name one of ${paths.join(', ')}`);
  }
  if (chosen.files.length !== chosen.shards)
    throw invalid(wish, `it has ${chosen.files.length} of the ${chosen.shards} parts of ${chosen.label}`);
  const others = labels.filter((each) => each !== chosen.label);
  const notes: string[] = [];
  if (wanted === null && others.length > 0)
    notes.push(`Took ${chosen.label}; there are also ${others.join(', ')}.`);
  const beside = all.filter(({ path }) => isAuxiliaryGguf(path)).map(({ path }) => path);
  if (beside.length > 0) notes.push(`Left out, as no text needs it: ${beside.join(', ')}.`);
  return { files: chosen.files, notes, alternatives: others.map((each) => `:${each}`) };
}

/** Labels of files whose names tell no quantisation are the names themselves. */
function isNoQuantization(label: string): boolean {
  return label !== label.toUpperCase();
}

function chooseNamed(all: readonly SourceFile[], wish: FileWish, path: string): FileChoice {
  const exact = all.find((file) => file.path === path);
  if (exact) {
    const kind = kindOfFile(path);
    if (kind === 'pickle' || kind === 'code')
      throw new SamovarError('model.refused', {
        params: { reason: `${path} ${kind === 'code' ? 'is code' : 'may run code when it is loaded'}` },
      });
    return { files: wholeModelOf(all, exact), notes: [], alternatives: [] };
  }
  const folder = path.replace(/\/*$/, '/');
  const isNamed = patternMatcher(path);
  if (isNamed === null) throw invalid(wish, 'its braces name too many files at once');
  const fitting = all.filter((file) => file.path.startsWith(folder) || isNamed(file.path));
  const files = fitting.filter((file) => ['weights', 'text'].includes(kindOfFile(file.path)));
  if (files.length === 0) throw invalid(wish, `it has no file ${path} that a model can be made of`);
  return { files, notes: [], alternatives: [] };
}

/** The name of one shard means them all, and that of bare weights their configuration too. */
function wholeModelOf(all: readonly SourceFile[], named: SourceFile): readonly SourceFile[] {
  if (/\.onnx$/i.test(named.path)) return withCompanions(all, named);
  if (/\.safetensors$/i.test(named.path)) return [...companionFiles(all, folderOf(named.path)), named];
  return ggufModels(all).find(({ files }) => files.includes(named))?.files ?? [named];
}

function onnxPaths(all: readonly SourceFile[]): string[] {
  return all.filter(({ path }) => /\.onnx$/i.test(path)).map(({ path }) => `/${path}`);
}

function refusedNotes(all: readonly SourceFile[]): string[] {
  const named = (kind: 'pickle' | 'code') =>
    all.filter(({ path }) => kindOfFile(path) === kind).map(({ path }) => path);
  const [pickles, code] = [named('pickle'), named('code')];
  const notes: string[] = [];
  if (pickles.length > 0) notes.push(`Left out, as loading it may run code: ${brief(pickles)}.`);
  if (code.length > 0) notes.push(`Left out, as it is code: ${brief(code)}.`);
  return notes;
}

function pickleWords(all: readonly SourceFile[]): string {
  const pickles = all.filter(({ path }) => kindOfFile(path) === 'pickle').map(({ path }) => path);
  return pickles.length === 0 ? '' : `, and ${brief(pickles)} may run code when it is loaded`;
}

function brief(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

function invalid(wish: FileWish, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source: wish.uri, reason } });
}
