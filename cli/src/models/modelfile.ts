import type { ManifestAnswer } from './import-answers.ts';

/** Our options by the names that a Modelfile has for them. */
const parameters: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  repetitionPenalty: 'repeat_penalty',
};

/** A Modelfile for the one GGUF file of a version, which lies beside it; the template is in that file. */
export function modelfileOf({ files, engineOptions, contextTokens, license, title }: ManifestAnswer): string {
  const gguf = files.find(({ name }) => name.endsWith('.gguf'));
  const lines = [
    `# ${title.replace(/\s+/g, ' ')}`,
    `FROM ./${gguf?.name ?? ''}`,
    `PARAMETER num_ctx ${contextTokens}`,
    ...Object.entries(engineOptions).flatMap(([name, value]) => {
      const known = parameters[name];
      return known === undefined ? [] : [`PARAMETER ${known} ${value}`];
    }),
    `LICENSE """${[license.id, license.url].filter(Boolean).join(' ')}"""`,
  ];
  return `${lines.join('\n')}\n`;
}
