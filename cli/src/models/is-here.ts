import type { ApiClient } from '../api-client.ts';
import type { ManifestAnswer, VersionAnswer } from './import-answers.ts';
import { modelPath } from './model-state.ts';

/** That a model is here, and how it is asked. */
export async function isHereLine(client: ApiClient, model: string): Promise<string> {
  const { manifest } = (await client.get(`${modelPath(model)}/versions/latest`)) as VersionAnswer;
  return isHereText(model, manifest);
}

/** What the model does decides how it is asked. */
export function isHereText(
  model: string,
  { task, adapter }: Pick<ManifestAnswer, 'task' | 'adapter'>,
): string {
  if (task === 'embedding')
    return `${model} is here; \`POST /v1/embeddings\` with \`"model": "${model}"\` gets its vectors.`;
  const ask = `${model} is here; \`samovar ask --model ${model}\` asks it`;
  if (adapter === undefined) return `${ask}.`;
  const set = `samovar deployments set ${model} --base MODEL --force`;
  return `${ask} where the model that it was trained on is here; \`${set}\` puts it on another.`;
}
