import type { ChatMessage } from '../templates/chat-message.ts';
import { messageText } from '../templates/template-messages.ts';
import type { CallFormat } from './call-format.ts';
import type { ToolChoice, ToolDefinition } from './tool-definition.ts';

/** What a model whose template knows no tools is told about them. */
export function describeTools(
  tools: readonly ToolDefinition[],
  choice: ToolChoice,
  rule: { readonly format: CallFormat; readonly parallel: boolean },
): string {
  const { marker, close, argumentsKey } = rule.format;
  return [
    'You can call these tools. Each is described by one line of JSON:',
    ...tools.map(({ function: { name, description, parameters } }) =>
      JSON.stringify({ name, description, parameters }),
    ),
    '',
    `To call a tool, answer with nothing but its name and arguments as JSON between ${marker} and ${close}:`,
    marker,
    `{"name": "<name of the tool>", "${argumentsKey}": {<arguments as a JSON object>}}`,
    close,
    `${rule.parallel ? 'Several calls may follow one another.' : 'Make one call at a time.'} ${whenToCall(choice)}`,
  ].join('\n');
}

function whenToCall(choice: ToolChoice): string {
  if (typeof choice === 'object') return `Call the tool ${choice.function.name} now.`;
  if (choice === 'required') return 'Call a tool now.';
  return 'When no tool is needed, answer in plain words.';
}

/** Puts a text at the end of the system message, or makes one. */
export function withSystemText(messages: readonly ChatMessage[], text: string): ChatMessage[] {
  const [first, ...rest] = messages;
  if (first && (first.role === 'system' || first.role === 'developer')) {
    return [{ ...first, content: `${messageText(first, 0)}\n\n${text}` }, ...rest];
  }
  return [{ role: 'system', content: text }, ...messages];
}

/**
 * Rewrites calls as text of the assistant and their results as a message of the user, for templates that know only
 * those roles. Results that follow one another become one message: many templates insist on turns.
 */
export function withoutToolRoles(messages: readonly ChatMessage[], format: CallFormat): ChatMessage[] {
  const rewritten: ChatMessage[] = [];
  let results: string[] = [];
  const giveResults = () => {
    if (results.length > 0) rewritten.push({ role: 'user', content: results.join('\n') });
    results = [];
  };
  messages.forEach((message, index) => {
    if (message.role === 'tool' || message.role === 'function') {
      results.push(`<tool_response>\n${messageText(message, index)}\n</tool_response>`);
      return;
    }
    giveResults();
    rewritten.push(message.tool_calls?.length ? callsAsText(message, index, format) : message);
  });
  giveResults();
  return rewritten;
}

function callsAsText(message: ChatMessage, index: number, format: CallFormat): ChatMessage {
  const { tool_calls = [], ...rest } = message;
  const blocks = tool_calls.map(
    ({ function: { name, arguments: json } }) =>
      `${format.marker}\n{"name": ${JSON.stringify(name)}, "${format.argumentsKey}": ${json}}\n${format.close}`,
  );
  const text = messageText(message, index);
  return { ...rest, content: [...(text === '' ? [] : [text]), ...blocks].join('\n') };
}
