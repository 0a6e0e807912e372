import type { WorkerStart } from '@samovar/contract/worker-protocol';

/** The one GGUF file of the version; of a split one, the first part. */
export function ggufModelPath({ files, modelName }: Pick<WorkerStart, 'files' | 'modelName'>): string {
  const names = Object.keys(files).filter((name) => name.endsWith('.gguf'));
  const path = files[names.sort()[0] ?? ''];
  if (path === undefined) throw new Error(`the version of ${modelName} has no GGUF file`);
  return path;
}
