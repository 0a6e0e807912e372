import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { InputItem, InputMessage, InputPart, InputReasoning } from './input-schema.ts';

/** `reasoning_content` is how open engines spell what the model thought. */
export type AssistantMessage = ChatCompletionAssistantMessageParam & { reasoning_content?: string };
export type WorkerMessage = ChatCompletionMessageParam | AssistantMessage;

/**
 * Input items as chat messages. What one turn of the model wrote as several items (reasoning, text, calls) becomes
 * one assistant message again. System messages at the start become one: templates take only one there.
 */
export function chatMessages(
  instructions: string | undefined,
  input: string | readonly InputItem[],
): WorkerMessage[] {
  const messages: WorkerMessage[] = [];
  const leading = instructions === undefined ? [] : [instructions];
  const items: readonly InputItem[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  let turn: AssistantMessage | null = null;
  for (const item of items) {
    if (isInstruction(item) && messages.length === 0) {
      leading.push(textOf(item.content));
      continue;
    }
    const message = standaloneMessage(item);
    if (message !== null) {
      turn = null;
      messages.push(message);
      continue;
    }
    if (turn === null || !continuesTurn(turn, item)) {
      turn = { role: 'assistant' };
      messages.push(turn);
    }
    addToTurn(turn, item);
  }
  if (leading.length > 0) messages.unshift({ role: 'system', content: leading.join('\n\n') });
  return messages;
}

function isInstruction(item: InputItem): item is InputMessage {
  return 'role' in item && (item.role === 'system' || item.role === 'developer');
}

/** The message of an item that the model did not write, else `null`. */
function standaloneMessage(item: InputItem): WorkerMessage | null {
  if (item.type === 'function_call_output')
    return { role: 'tool', tool_call_id: item.call_id, content: textOf(item.output) };
  if (!('role' in item) || item.role === 'assistant') return null;
  const role = item.role === 'developer' ? 'system' : item.role;
  return { role, content: textOf(item.content) };
}

/** A turn goes reasoning → text → calls; an item that would step back begins another turn. */
function continuesTurn(turn: AssistantMessage, item: InputItem): boolean {
  if (item.type === 'function_call') return true;
  const said = turn.content !== undefined || turn.tool_calls !== undefined;
  return item.type === 'reasoning' ? !said && turn.reasoning_content === undefined : !said;
}

function addToTurn(turn: AssistantMessage, item: InputItem): void {
  if (item.type === 'function_call') {
    const call: ChatCompletionMessageFunctionToolCall = {
      id: item.call_id,
      type: 'function',
      function: { name: item.name, arguments: item.arguments },
    };
    turn.tool_calls ??= [];
    turn.tool_calls.push(call);
  } else if (item.type === 'reasoning') {
    turn.reasoning_content = reasoningText(item);
  } else if (item.type !== 'function_call_output') {
    turn.content = textOf(item.content);
  }
}

function reasoningText(item: InputReasoning): string {
  const parts = item.content?.length ? item.content : item.summary;
  return parts.map((part) => part.text).join('');
}

function textOf(content: string | readonly InputPart[]): string {
  if (typeof content === 'string') return content;
  return content.map((part) => part.text ?? part.refusal ?? '').join('');
}
