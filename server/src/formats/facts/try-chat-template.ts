import type { Inspection } from '../../kernel/ports/model-inspector.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { textOf } from '../gguf/gguf-value.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { chatTemplateOf } from './hub-chat-template.ts';
import { warning } from './model-facts.ts';
import { folderOf, openModelFolder } from './model-folder.ts';

/** Why no usual conversation becomes a prompt with a chat template, as the end of a sentence; `null`: one does. */
export type TryTemplate = (template: string) => string | null;

/**
 * Tries the chat template of what was inspected. One that renders nothing is no reason to refuse a model, which
 * completes texts as well: it is told with the version.
 */
export async function tryChatTemplate(
  inspection: Inspection,
  sources: readonly ByteSource[],
  tryTemplate: TryTemplate,
): Promise<Inspection> {
  if (!inspection.facts.capabilities.includes('chat')) return inspection;
  const template = await templateOf(inspection, sources);
  const fault = template === null ? null : tryTemplate(template);
  if (fault === null) return inspection;
  const note = `Its chat template makes no prompt of a usual conversation: ${fault}. Chat may be refused; \`engineOptions.chatTemplate\` of its manifest can give it another.`;
  const facts = { ...inspection.facts, note: [inspection.facts.note, note].filter(Boolean).join(' ') };
  return { ...inspection, facts, notes: [...inspection.notes, warning(note)] };
}

async function templateOf(
  { files, needed }: Inspection,
  sources: readonly ByteSource[],
): Promise<string | null> {
  const path = needed.find((each) => files.some((file) => file.path === each && file.format === 'gguf'));
  const gguf = sources.find(({ name }) => name === path);
  if (gguf !== undefined) return textOf((await readGguf(gguf)).metadata, 'tokenizer.chat_template');
  const config = needed.find((each) => /(^|\/)config\.json$/.test(each));
  return config === undefined ? null : await chatTemplateOf(await openModelFolder(sources), folderOf(config));
}
