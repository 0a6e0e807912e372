import type { ChatMessage } from '../../src/engines/language-worker/templates/chat-message.ts';
import type { PromptInput } from '../../src/engines/language-worker/templates/render-prompt.ts';

const tools: NonNullable<PromptInput['tools']> = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather of a "city", <b>ä</b>',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const asked: ChatMessage = { role: 'user', content: 'Weather in Köln?' };
const called: ChatMessage = {
  role: 'assistant',
  content: null,
  tool_calls: [
    {
      id: 'abcdef012',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Köln","n":1.5}' },
    },
  ],
};
const told: ChatMessage = { role: 'tool', tool_call_id: 'abcdef012', content: '{"temp": 21}' };

/** Conversations that every template can render. */
export const conversations: Readonly<Record<string, PromptInput>> = {
  'one question': { messages: [asked] },
  'a system message': { messages: [{ role: 'system', content: 'Be brief. ' }, asked] },
  'several turns': {
    messages: [
      asked,
      { role: 'assistant', content: ' Sunny.\n' },
      { role: 'user', content: 'And\n{{ now }}?' },
    ],
  },
  'no generation prompt': {
    messages: [asked, { role: 'assistant', content: 'Sunny.' }],
    addGenerationPrompt: false,
  },
};

/** Conversations for templates that know tools. */
export const toolConversations: Readonly<Record<string, PromptInput>> = {
  'tools offered': { messages: [{ role: 'system', content: 'S' }, asked], tools },
  'a call and its result': { messages: [asked, called, told], tools },
};
