import { SamovarError } from '../../../kernel/errors.ts';
import type { ChatMessage, ContentPart } from './chat-message.ts';

/** A message as templates expect it: content is one text, arguments of calls are objects. */
export interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: unknown };
  }[];
}

/**
 * Brings messages of the API into the form that templates are written for.
 * @throws SamovarError `request.invalid` for parts that are not text.
 */
export function templateMessages(messages: readonly ChatMessage[]): TemplateMessage[] {
  return messages.map((message, index) => ({
    // Templates know `system`; `developer` is its newer name in the API.
    role: message.role === 'developer' ? 'system' : message.role,
    content: messageText(message, index),
    ...(message.name === undefined ? {} : { name: message.name }),
    ...(message.tool_call_id === undefined ? {} : { tool_call_id: message.tool_call_id }),
    ...(message.reasoning_content ? { reasoning_content: message.reasoning_content } : {}),
    ...(message.tool_calls?.length ? { tool_calls: message.tool_calls.map(templateCall) } : {}),
  }));
}

/** The text of a message: its parts joined, an absent content as empty. */
export function messageText(message: ChatMessage, index: number): string {
  const { content } = message;
  if (content === undefined || content === null) return message.refusal ?? '';
  if (typeof content === 'string') return content;
  return content.map((part, at) => partText(part, `messages[${index}].content[${at}]`)).join('');
}

function partText(part: ContentPart, path: string): string {
  if (part.type === 'text' && part.text !== undefined) return part.text;
  if (part.type === 'refusal' && part.refusal !== undefined) return part.refusal;
  throw new SamovarError('request.invalid', {
    params: { parameter: path, reason: `this model reads text only, not parts of type "${part.type}"` },
    field: path,
  });
}

function templateCall(call: NonNullable<ChatMessage['tool_calls']>[number]) {
  return {
    id: call.id,
    type: 'function' as const,
    function: { name: call.function.name, arguments: parseArguments(call.function.arguments) },
  };
}

/** Templates print arguments with `tojson`; text that is not JSON (a model's slip) is passed as it is. */
function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
