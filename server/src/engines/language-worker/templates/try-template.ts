import { SamovarError } from '../../../kernel/errors.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';
import { TemplateTooCostly } from './bounded-interpreter.ts';
import type { ChatMessage } from './chat-message.ts';
import { createPromptRenderer, type PromptInput, type PromptRenderer } from './render-prompt.ts';

const mostCharacters = 300;

const question = 'Which river flows through Vienna?';
const user: ChatMessage = { role: 'user', content: question };
const turns: readonly ChatMessage[] = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hello. What do you want to know?' },
  user,
];
/** Sound templates refuse system texts, or turns: one that renders any of these is of use. */
const conversations: readonly (readonly ChatMessage[])[] = [
  [user],
  turns,
  [{ role: 'system', content: 'Answer briefly.' }, user],
];

const tools: readonly ToolDefinition[] = [
  {
    type: 'function',
    function: {
      name: 'get_river',
      description: 'The river of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];

/**
 * Renders usual conversations with a chat template, within the renderer's bounds. Why none of them becomes a prompt, or
 * none with tools where it takes them, as the end of a sentence; `null` where all is well.
 */
export function tryTemplate(template: string): string | null {
  let render: PromptRenderer;
  try {
    render = createPromptRenderer({ name: 'this model', template, bosToken: '<s>', eosToken: '</s>' });
  } catch (error) {
    return reasonOf(error);
  }
  const plain = firstFault(render, (messages) => ({ messages }));
  if (plain !== null || !/\btools\b/.test(template)) return plain;
  const called = firstFault(render, (messages) => ({ messages, tools }));
  return called === null ? null : `with tools ${called}`;
}

/** Why the first conversation does not render, where no other does. */
function firstFault(
  render: PromptRenderer,
  inputOf: (messages: readonly ChatMessage[]) => PromptInput,
): string | null {
  const faults: string[] = [];
  for (const messages of conversations) {
    try {
      if (render(inputOf(messages)).includes(question)) return null;
      faults.push('what the user says is not in the prompt');
    } catch (error) {
      const reason = reasonOf(error);
      // The next conversation would take as long.
      if (error instanceof Error && error.cause instanceof TemplateTooCostly) return reason;
      faults.push(reason);
    }
  }
  return faults[0] ?? null;
}

/** A template says what it likes, and as much as it likes: it is kept with the model, and shown in terminals. */
function reasonOf(error: unknown): string {
  if (!(error instanceof SamovarError)) throw error;
  const [reason = ''] = String(error.params.reason).split('\n', 1);
  return reason.slice(0, mostCharacters).replaceAll(/\p{C}/gu, '\ufffd');
}
