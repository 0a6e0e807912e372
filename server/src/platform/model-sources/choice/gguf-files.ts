import type { SourceFile } from '../../../kernel/ports/model-source.ts';

/** One GGUF model of a repository: a file, or all shards of one. */
export interface GgufModel {
  /** `Q4_K_M` and the like as the file's name says; the name itself where it says none. */
  readonly label: string;
  readonly files: readonly SourceFile[];
  readonly sizeBytes: number;
  /** How many shards its names promise. */
  readonly shards: number;
}

/** Beside models lie projectors for pictures and importance matrices. */
const auxiliary = /(^|\/)[^/]*(mmproj|imatrix)[^/]*\.gguf$/i;
const shard = /-(\d{5})-of-(\d{5})\.gguf$/i;
const quantization =
  /(?:^|[-_./])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP\d(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))(?=[-_./]|$)/gi;

export function isGguf(path: string): boolean {
  return /\.gguf$/i.test(path);
}

export function isAuxiliaryGguf(path: string): boolean {
  return auxiliary.test(path);
}

/** The models among the GGUF files of a repository, in the order of their names. */
export function ggufModels(files: readonly SourceFile[]): GgufModel[] {
  const groups = new Map<string, SourceFile[]>();
  for (const file of files.filter(({ path }) => isGguf(path) && !isAuxiliaryGguf(path))) {
    const stem = file.path.replace(shard, '').replace(/\.gguf$/i, '');
    groups.set(stem, [...(groups.get(stem) ?? []), file]);
  }
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([stem, members]) => ({
      label: labelOf(stem),
      files: members.sort((one, other) => (one.path < other.path ? -1 : 1)),
      sizeBytes: members.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
      shards: Number(shard.exec(members[0]?.path ?? '')?.[2] ?? 1),
    }));
}

function labelOf(stem: string): string {
  const found = [...stem.matchAll(quantization)].at(-1)?.[1];
  return found?.toUpperCase() ?? stem.split('/').at(-1) ?? stem;
}

/** Good answers for their size first: what one gets who does not choose. */
const preferred = ['Q4_K_M', 'UD-Q4_K_XL', 'Q4_K_S', 'Q4_K_L', 'IQ4_XS', 'Q4_0', 'MXFP4', 'Q5_K_M', 'Q8_0'];

/** The model that fits most machines and loses little; without a known quantisation, the smallest. */
export function preferredModel(models: readonly GgufModel[]): GgufModel | null {
  for (const label of preferred) {
    const found = models.find((model) => model.label === label);
    if (found) return found;
  }
  return [...models].sort((one, other) => one.sizeBytes - other.sizeBytes)[0] ?? null;
}
