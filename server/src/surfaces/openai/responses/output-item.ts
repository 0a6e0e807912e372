import type { ChatCompletionTokenLogprob } from 'openai/resources/chat/completions';
import type { ResponseOutputText } from 'openai/resources/responses/responses';
import { newId, withPrefix } from '../../../kernel/ids.ts';
import type { CallDelta } from './chat-delta.ts';
import type { Emit, WireResponse } from './wire-response.ts';

export type ItemStatus = 'completed' | 'incomplete';

/** An output item that is being written: emits its events and, when closed, stands in the response whole. */
export interface OpenItem {
  readonly kind: 'reasoning' | 'message' | 'call';
  close(status: ItemStatus): void;
}

export interface OpenText extends OpenItem {
  add(text: string, logprobs: readonly ChatCompletionTokenLogprob[]): void;
}

export interface OpenCall extends OpenItem {
  /** The number of the call in the model's turn. */
  readonly callIndex: number;
  addArguments(text: string): void;
}

/** Begins a message of the assistant. */
export function openMessage(response: WireResponse, emit: Emit): OpenText {
  const id = withPrefix('msg', newId());
  const at = { item_id: id, output_index: response.output.length, content_index: 0 };
  const part: ResponseOutputText = { type: 'output_text', annotations: [], logprobs: [], text: '' };
  const logprobs: ResponseOutputText.Logprob[] = [];
  const pieces: string[] = [];
  const { output_index: outputIndex } = at;
  emit({
    type: 'response.output_item.added',
    output_index: outputIndex,
    item: { id, type: 'message', role: 'assistant', status: 'in_progress', content: [] },
  });
  emit({ type: 'response.content_part.added', ...at, part });
  return {
    kind: 'message',
    add(text, chances) {
      const added = chances.map(logprobOf);
      logprobs.push(...added);
      pieces.push(text);
      emit({ type: 'response.output_text.delta', ...at, delta: text, logprobs: added });
    },
    close(status) {
      const text = pieces.join('');
      const whole: ResponseOutputText = { type: 'output_text', annotations: [], logprobs, text };
      const item = { id, type: 'message', role: 'assistant', status, content: [whole] } as const;
      emit({ type: 'response.output_text.done', ...at, text, logprobs });
      emit({ type: 'response.content_part.done', ...at, part: whole });
      const done = { ...item, content: [whole] };
      emit({ type: 'response.output_item.done', output_index: outputIndex, item: done });
      response.output.push(done);
    },
  };
}

/** Begins a reasoning item, its text in full. */
export function openReasoning(response: WireResponse, emit: Emit): OpenText {
  const id = withPrefix('rs', newId());
  const outputIndex = response.output.length;
  const at = { item_id: id, output_index: outputIndex, content_index: 0 };
  const pieces: string[] = [];
  emit({
    type: 'response.output_item.added',
    output_index: outputIndex,
    item: { id, type: 'reasoning', status: 'in_progress', summary: [], content: [] },
  });
  emit({ type: 'response.content_part.added', ...at, part: { type: 'reasoning_text', text: '' } });
  return {
    kind: 'reasoning',
    add(text) {
      pieces.push(text);
      emit({ type: 'response.reasoning_text.delta', ...at, delta: text });
    },
    close(status) {
      const text = pieces.join('');
      const part = { type: 'reasoning_text' as const, text };
      const item = { id, type: 'reasoning' as const, status, summary: [], content: [part] };
      emit({ type: 'response.reasoning_text.done', ...at, text });
      emit({ type: 'response.content_part.done', ...at, part });
      emit({ type: 'response.output_item.done', output_index: outputIndex, item });
      response.output.push(item);
    },
  };
}

/** Begins a function call. */
export function openCall(response: WireResponse, emit: Emit, call: CallDelta): OpenCall {
  const id = withPrefix('fc', newId());
  const outputIndex = response.output.length;
  const at = { item_id: id, output_index: outputIndex };
  const named = {
    id,
    type: 'function_call' as const,
    call_id: call.id ?? withPrefix('call', newId()),
    name: call.name ?? '',
  };
  const pieces: string[] = [];
  emit({
    type: 'response.output_item.added',
    output_index: outputIndex,
    item: { ...named, arguments: '', status: 'in_progress' },
  });
  return {
    kind: 'call',
    callIndex: call.index,
    addArguments(text) {
      pieces.push(text);
      emit({ type: 'response.function_call_arguments.delta', ...at, delta: text });
    },
    close(status) {
      const item = { ...named, arguments: pieces.join(''), status };
      emit({ type: 'response.function_call_arguments.done', ...at, arguments: item.arguments });
      emit({ type: 'response.output_item.done', output_index: outputIndex, item });
      response.output.push(item);
    },
  };
}

function logprobOf(chance: ChatCompletionTokenLogprob): ResponseOutputText.Logprob {
  return {
    token: chance.token,
    bytes: chance.bytes ?? [],
    logprob: chance.logprob,
    top_logprobs: chance.top_logprobs.map((top) => ({ ...top, bytes: top.bytes ?? [] })),
  };
}
