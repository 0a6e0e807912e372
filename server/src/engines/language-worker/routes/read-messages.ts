import { isJsonObject, type JsonObject } from '../../worker-http/read-json-body.ts';
import type { ChatMessage, ContentPart, MessageToolCall } from '../templates/chat-message.ts';
import { invalidParameter, unsupportedParameter } from './read-parameters.ts';

const roles = new Set(['system', 'developer', 'user', 'assistant', 'tool']);

/** `messages`, each checked field by field. */
export function readMessages(body: JsonObject): ChatMessage[] {
  const value = body.messages ?? null;
  if (!Array.isArray(value)) throw invalidParameter('messages', 'it must be a list of messages');
  if (value.length === 0) throw invalidParameter('messages', 'it must have at least one message');
  return value.map((message: unknown, index) => readMessage(message, `messages[${index}]`));
}

function readMessage(value: unknown, path: string): ChatMessage {
  if (!isJsonObject(value)) throw invalidParameter(path, 'it must be an object');
  const role = value.role;
  if (typeof role !== 'string' || !roles.has(role))
    throw invalidParameter(`${path}.role`, `it must be one of ${[...roles].join(', ')}`);
  for (const name of ['audio', 'function_call'])
    if ((value[name] ?? null) !== null) throw unsupportedParameter(`${path}.${name}`);
  const calls = value.tool_calls ?? null;
  const content = readContent(value.content ?? null, `${path}.content`);
  if (content === null && role !== 'assistant')
    throw invalidParameter(`${path}.content`, 'it must be a text or a list of parts');
  return {
    role,
    content,
    ...optionalText(value, 'name', path),
    ...optionalText(value, 'tool_call_id', path),
    ...optionalText(value, 'refusal', path),
    ...optionalText(value, 'reasoning_content', path),
    ...(calls === null ? {} : { tool_calls: readCalls(calls, `${path}.tool_calls`) }),
  };
}

function optionalText(message: JsonObject, name: string, path: string): Record<string, string> {
  const value = message[name] ?? null;
  if (value === null) return {};
  if (typeof value !== 'string') throw invalidParameter(`${path}.${name}`, 'it must be a text');
  return { [name]: value };
}

function readContent(value: unknown, path: string): string | ContentPart[] | null {
  if (value === null || typeof value === 'string') return value;
  if (!Array.isArray(value)) throw invalidParameter(path, 'it must be a text or a list of parts');
  return value.map((part: unknown, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(part) || typeof part.type !== 'string')
      throw invalidParameter(at, 'it must be an object with a type');
    return { type: part.type, ...optionalText(part, 'text', at), ...optionalText(part, 'refusal', at) };
  });
}

function readCalls(value: unknown, path: string): MessageToolCall[] {
  if (!Array.isArray(value)) throw invalidParameter(path, 'it must be a list');
  return value.map((call: unknown, index) => {
    const called = isJsonObject(call) ? call.function : null;
    if (!isJsonObject(call) || !isJsonObject(called))
      throw invalidParameter(`${path}[${index}]`, 'it must be a call of a function');
    const { name, arguments: text } = called;
    if (typeof call.id !== 'string' || typeof name !== 'string' || typeof text !== 'string')
      throw invalidParameter(`${path}[${index}]`, 'its id, name and arguments must be texts');
    return { id: call.id, type: 'function', function: { name, arguments: text } };
  });
}
