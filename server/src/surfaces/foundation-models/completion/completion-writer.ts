import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type MessageSchema,
  Alternative_AlternativeStatus as Status,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_common_pb';
import {
  type CompletionResponse,
  CompletionResponseSchema,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { TokenCounts } from '../../../modules/inference/index.ts';
import { readDelta } from './answer-delta.ts';
import { structFault } from './check-struct.ts';

type Counted = Pick<TokenCounts, 'inputTokens' | 'outputTokens' | 'reasoningTokens'>;

/** Collects an answer and writes it as messages, each of which carries the whole text so far. */
export interface CompletionWriter {
  /** Takes an event or a whole answer; true when there is more text than before. Throws `engine.failed`. */
  add(answer: Readonly<Record<string, unknown>>): boolean;
  /** What there is so far. Its counts are zero: they are known at the end. */
  partial(): CompletionResponse;
  /** The last message, or the only one. Throws `engine.failed` for calls whose arguments cannot be sent. */
  final(counts: Counted): CompletionResponse;
}

interface CollectedCall {
  name: string;
  arguments: string;
}

const nothingCounted: Counted = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

const finalStatuses: Readonly<Record<string, Status>> = {
  stop: Status.FINAL,
  length: Status.TRUNCATED_FINAL,
  tool_calls: Status.TOOL_CALLS,
  content_filter: Status.CONTENT_FILTER,
};

export function createCompletionWriter(modelVersion: string): CompletionWriter {
  let text = '';
  let finishReason = 'stop';
  const calls: CollectedCall[] = [];

  function write(content: Content, status: Status, counts: Counted): CompletionResponse {
    return create(CompletionResponseSchema, {
      alternatives: [{ message: { role: 'assistant', Content: content }, status }],
      usage: {
        inputTextTokens: BigInt(counts.inputTokens),
        completionTokens: BigInt(counts.outputTokens),
        totalTokens: BigInt(counts.inputTokens + counts.outputTokens),
        completionTokensDetails: { reasoningTokens: BigInt(counts.reasoningTokens) },
      },
      modelVersion,
    });
  }

  return {
    add(answer) {
      const delta = readDelta(answer);
      if (delta === null) return false;
      text += delta.text;
      for (const call of delta.calls) {
        const known = calls[call.index] ?? { name: '', arguments: '' };
        known.name += call.name;
        known.arguments += call.arguments;
        calls[call.index] = known;
      }
      finishReason = delta.finishReason ?? finishReason;
      return delta.text !== '';
    },
    partial: () => write({ case: 'text', value: text }, Status.PARTIAL, nothingCounted),
    final(counts) {
      const content: Content =
        finishReason === 'tool_calls'
          ? { case: 'toolCallList', value: { toolCalls: calls.map(toolCall) } }
          : { case: 'text', value: text };
      return write(content, finalStatuses[finishReason] ?? Status.FINAL, counts);
    },
  };
}

type Content = NonNullable<MessageInitShape<typeof MessageSchema>['Content']>;

function toolCall({ name, arguments: text }: CollectedCall) {
  return {
    ToolCallType: { case: 'functionCall' as const, value: { name, arguments: readArguments(text) } },
  };
}

function readArguments(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch (cause) {
    throw new SamovarError('engine.failed', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SamovarError('engine.failed', { cause: new Error('the arguments of a call are no object') });
  const fault = structFault(value);
  if (fault !== null)
    throw new SamovarError('engine.failed', { cause: new Error(`the arguments of a call: ${fault}`) });
  return value as JsonObject;
}
