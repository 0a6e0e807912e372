import Type from 'typebox';
import { alternative, message, tool, toolChoice, usage } from './message-schema.ts';
import { closed, int64, modelUri, modelVersion, optional, struct } from './schema-pieces.ts';

const completionOptions = Type.Object(
  {
    stream: Type.Optional(Type.Boolean({ description: 'A message for each piece of the answer.' })),
    temperature: optional(Type.Number({ minimum: 0, maximum: 1, default: 0.3 })),
    maxTokens: optional(int64),
    reasoningOptions: optional(
      Type.Object(
        {
          mode: Type.Optional(
            Type.Enum(['REASONING_MODE_UNSPECIFIED', 'DISABLED', 'ENABLED_HIDDEN'], {
              description: 'Reasoning is counted and never returned; disabled unless it is asked for.',
            }),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const completionRequest = Type.Object(
  {
    modelUri: modelUri('gpt'),
    completionOptions: optional(completionOptions),
    messages: Type.Array(message, { minItems: 1, maxItems: 100_000 }),
    tools: Type.Optional(Type.Array(tool, { maxItems: 128 })),
    jsonObject: Type.Optional(Type.Boolean({ description: 'The answer is a JSON object.' })),
    jsonSchema: Type.Optional(
      Type.Object({ schema: struct }, { ...closed, description: 'The answer is JSON that it describes.' }),
    ),
    parallelToolCalls: optional(Type.Boolean({ default: true })),
    toolChoice: optional(toolChoice),
  },
  {
    ...closed,
    examples: [
      {
        modelUri: 'gpt://0/chat-default/latest',
        completionOptions: { stream: false, temperature: 0.3, maxTokens: '100' },
        messages: [
          { role: 'system', text: 'You answer in one word.' },
          { role: 'user', text: 'What is the capital of France?' },
        ],
      },
    ],
  },
);

export const batchCompletionRequest = Type.Object(
  {
    modelUri: modelUri('gpt'),
    completionOptions: optional(completionOptions),
    sourceDatasetId: Type.Optional(Type.String()),
    jsonObject: Type.Optional(Type.Boolean()),
    jsonSchema: Type.Optional(Type.Object({ schema: struct }, closed)),
  },
  { ...closed, examples: [{ modelUri: 'gpt://0/chat-default/latest', sourceDatasetId: 'any' }] },
);

const completionResponse = Type.Object(
  { alternatives: Type.Array(alternative), usage, modelVersion },
  closed,
);

export const completionAnswer = Type.Object(
  { result: completionResponse },
  {
    ...closed,
    description: 'One line of JSON, or with `stream` one for each message, each with the whole text so far.',
    examples: [
      {
        result: {
          alternatives: [
            { message: { role: 'assistant', text: 'Paris.' }, status: 'ALTERNATIVE_STATUS_FINAL' },
          ],
          usage: {
            inputTextTokens: '26',
            completionTokens: '2',
            totalTokens: '28',
            completionTokensDetails: { reasoningTokens: '0' },
          },
          modelVersion: '23.11.2026',
        },
      },
    ],
  },
);
