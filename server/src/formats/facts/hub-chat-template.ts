import type { ModelFolder } from './model-folder.ts';

/** The chat template of a folder as the hub's tools write it; `null` when there is none. */
export async function chatTemplateOf(folder: ModelFolder, at: string): Promise<string | null> {
  const own = await folder.text(`${at}chat_template.jinja`);
  if (own !== null) return own;
  for (const name of ['chat_template.json', 'tokenizer_config.json']) {
    const template = (await folder.json(at + name))?.chat_template;
    if (typeof template === 'string') return template;
    if (!Array.isArray(template)) continue;
    const named: unknown = template.find((each) => each?.name === 'default') ?? template[0];
    if (
      typeof named === 'object' &&
      named !== null &&
      'template' in named &&
      typeof named.template === 'string'
    )
      return named.template;
  }
  return null;
}
