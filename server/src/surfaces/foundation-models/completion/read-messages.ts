import type {
  FunctionResult,
  Message,
  ToolCallList,
  ToolResultList,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_common_pb';
import { invalidField, missingField } from '../request-error.ts';
import type { ChatCall, ChatMessage } from './chat-body.ts';
import { checkFunctionName } from './check-function-name.ts';
import { checkStruct } from './check-struct.ts';

const most = 100_000;
const roles = ['system', 'user', 'assistant'] as const;
/** Results of calls were published under several roles; which one says nothing. */
const resultRoles: readonly string[] = [...roles, 'tool', ''];

/** The calls of each function by its name, in their order, and how many of them have a result. */
type Unanswered = Map<string, { readonly ids: string[]; answered: number }>;

/**
 * Messages as the worker reads them. Calls have no ids here, so a result belongs to the first unanswered call of its
 * function. Throws `request.invalid` or `request.missing_parameter`.
 */
export function readMessages(messages: readonly Message[]): ChatMessage[] {
  if (messages.length === 0) throw missingField('messages');
  if (messages.length > most) throw invalidField('messages', `expected at most ${most} messages`);
  const unanswered: Unanswered = new Map();
  let calls = 0;
  return messages.flatMap((message, index): ChatMessage[] => {
    const path = `messages[${index}]`;
    const { Content: content } = message;
    switch (content.case) {
      case 'text':
        return [{ role: roleOf(message.role, path), content: content.value }];
      case 'toolCallList': {
        if (message.role !== 'assistant')
          throw invalidField(`${path}.role`, 'only messages of the assistant have tool calls');
        const made = readCalls(content.value, path, calls);
        calls += made.length;
        for (const call of made) expectResult(unanswered, call);
        return [{ role: 'assistant', tool_calls: made }];
      }
      case 'toolResultList':
        if (!resultRoles.includes(message.role)) roleOf(message.role, path);
        return readResults(content.value, path, unanswered);
      default:
        throw invalidField(path, 'it needs `text`, `toolCallList` or `toolResultList`');
    }
  });
}

function roleOf(role: string, path: string): (typeof roles)[number] {
  const known = roles.find((each) => each === role);
  if (known === undefined)
    throw invalidField(`${path}.role`, `supported values are ${roles.map((each) => `"${each}"`).join(', ')}`);
  return known;
}

function readCalls({ toolCalls }: ToolCallList, path: string, from: number): ChatCall[] {
  const at = `${path}.toolCallList.toolCalls`;
  if (toolCalls.length === 0) throw missingField(at);
  return toolCalls.map(({ ToolCallType: call }, index) => {
    if (call.case !== 'functionCall') throw missingField(`${at}[${index}].functionCall`);
    const { name, arguments: given } = call.value;
    checkFunctionName(name, `${at}[${index}].functionCall.name`);
    checkStruct(given, `${at}[${index}].functionCall.arguments`);
    return {
      id: `call_${from + index}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(given ?? {}) },
    };
  });
}

function expectResult(unanswered: Unanswered, { id, function: { name } }: ChatCall): void {
  const calls = unanswered.get(name);
  if (calls === undefined) unanswered.set(name, { ids: [id], answered: 0 });
  else calls.ids.push(id);
}

function readResults({ toolResults }: ToolResultList, path: string, unanswered: Unanswered): ChatMessage[] {
  const at = `${path}.toolResultList.toolResults`;
  if (toolResults.length === 0) throw missingField(at);
  return toolResults.map(({ ToolResultType: result }, index) => {
    if (result.case !== 'functionResult') throw missingField(`${at}[${index}].functionResult`);
    return readResult(result.value, `${at}[${index}].functionResult`, unanswered);
  });
}

function readResult(result: FunctionResult, at: string, unanswered: Unanswered): ChatMessage {
  const calls = unanswered.get(result.name);
  const id = calls?.ids[calls.answered];
  if (calls === undefined || id === undefined)
    throw invalidField(`${at}.name`, `no unanswered call of "${result.name.slice(0, 64)}" comes before it`);
  calls.answered += 1;
  return { role: 'tool', tool_call_id: id, content: result.ContentType.value ?? '' };
}
