import assert from 'node:assert/strict';
import { fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import {
  CompletionRequestSchema,
  CompletionResponseSchema,
  TextGenerationService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import OpenAI from 'openai';
import type { TestStack } from '../../stack.ts';
import { createGrpcCaller } from '../grpc-caller.ts';
import { answerSchema, type GeneratedRequest } from './generated-request.ts';

/** What an answer means, whichever surface gave it. */
export interface Meaning {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly end: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Surfaces {
  rest(request: GeneratedRequest): Promise<Meaning>;
  grpc(request: GeneratedRequest): Promise<Meaning>;
  openai(request: GeneratedRequest): Promise<Meaning>;
  close(): void;
}

const model = 'chat-default';

export function askSurfaces(stack: TestStack): Surfaces {
  const caller = createGrpcCaller(stack.grpcAddress, stack.key);
  const client = new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, maxRetries: 0 });
  return {
    async rest(request) {
      const response = await fetch(`${stack.url}/foundationModels/v1/completion`, {
        method: 'POST',
        headers: { authorization: `Api-Key ${stack.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(completionRequest(request)),
      });
      const lines = (await response.text()).trimEnd().split('\n');
      assert.equal(response.status, 200, lines[0]);
      return meaningOf(lines.map((line) => Object(JSON.parse(line)).result));
    },
    async grpc(request) {
      const message = fromJson(CompletionRequestSchema, completionRequest(request));
      const { code, details, messages } = await caller.call(TextGenerationService.method.completion, message);
      assert.equal(code, 0, details);
      return meaningOf(
        messages.map((one) => Object(toJson(CompletionResponseSchema, one, { alwaysEmitImplicit: true }))),
      );
    },
    openai: (request) => askOpenai(client, request),
    close: () => caller.close(),
  };
}

function completionRequest(request: GeneratedRequest): JsonObject {
  const { tools, toolChoice, format } = request;
  return {
    modelUri: `gpt://0/${model}/latest`,
    completionOptions: { stream: request.stream, temperature: 0, maxTokens: String(request.maxTokens) },
    messages: request.turns.map(({ role, text }) => ({ role, text })),
    tools: tools.map(({ name, description, parameters }) => ({
      function: { name, description, parameters },
    })),
    ...(toolChoice === null ? {} : { toolChoice: { mode: toolChoice.toUpperCase() } }),
    ...(format === 'object' ? { jsonObject: true } : {}),
    ...(format === 'schema' ? { jsonSchema: { schema: answerSchema } } : {}),
  };
}

const ends: Readonly<Record<string, string>> = {
  ALTERNATIVE_STATUS_FINAL: 'stop',
  ALTERNATIVE_STATUS_TRUNCATED_FINAL: 'length',
  ALTERNATIVE_STATUS_TOOL_CALLS: 'tool_calls',
};

/** Of a stream of messages in JSON; every message must carry on where the one before it ended. */
function meaningOf(messages: readonly Record<string, JsonValue>[]): Meaning {
  const shown = messages.map(({ alternatives }) => Object(alternatives)[0]);
  const texts: string[] = shown.map(({ message }) => String(message.text ?? ''));
  const last = shown.at(-1);
  const ended = texts.at(-1) ?? '';
  for (const [index, text] of texts.slice(0, -1).entries()) {
    assert.equal(shown[index].status, 'ALTERNATIVE_STATUS_PARTIAL');
    const next = texts[index + 1] ?? '';
    if (last.message.text !== undefined || index + 2 < texts.length) assert.ok(next.startsWith(text));
  }
  const usage = Object(messages.at(-1)?.usage);
  return {
    text: ended,
    calls: (last.message.toolCallList?.toolCalls ?? []).map((call: JsonObject) => call.functionCall),
    end: ends[last.status] ?? last.status,
    inputTokens: Number(usage.inputTextTokens),
    outputTokens: Number(usage.completionTokens),
  };
}

async function askOpenai(client: OpenAI, request: GeneratedRequest): Promise<Meaning> {
  const { tools, toolChoice, format } = request;
  const answer = await client.chat.completions.create({
    model,
    temperature: 0,
    max_completion_tokens: request.maxTokens,
    messages: request.turns.map(({ role, text }) => ({ role, content: text })),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function' as const,
            function: { name, description, parameters },
          })),
        }),
    ...(toolChoice === null ? {} : { tool_choice: toolChoice }),
    ...(format === 'object' ? { response_format: { type: 'json_object' as const } } : {}),
    ...(format === 'schema'
      ? {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', schema: { ...answerSchema } },
          },
        }
      : {}),
  });
  const choice = answer.choices[0];
  assert.ok(choice);
  const calls = choice.message.tool_calls ?? [];
  const called = choice.finish_reason === 'tool_calls';
  return {
    text: called ? '' : (choice.message.content ?? ''),
    calls: called
      ? calls.flatMap((call) =>
          call.type === 'function'
            ? [{ name: call.function.name, arguments: JSON.parse(call.function.arguments) }]
            : [],
        )
      : [],
    end: choice.finish_reason,
    inputTokens: answer.usage?.prompt_tokens ?? 0,
    outputTokens: answer.usage?.completion_tokens ?? 0,
  };
}
