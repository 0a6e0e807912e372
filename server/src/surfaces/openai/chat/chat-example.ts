import { chatCompletionChunk } from '@samovar/contract/answers/chat-answer-schema';
import type { InferenceExamples } from '../inference-examples.ts';

const begin = { id: 'chatcmpl-019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c', created: 1795435200, model: 'qwen3-0.6b' };
const chunk = { ...begin, object: 'chat.completion.chunk' };
const usage = {
  prompt_tokens: 24,
  completion_tokens: 9,
  total_tokens: 33,
  prompt_tokens_details: { cached_tokens: 16 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

export const chatExamples: InferenceExamples = {
  body: {
    model: 'chat-default',
    messages: [
      { role: 'system', content: 'You answer in one sentence.' },
      { role: 'user', content: 'What does a samovar do?' },
    ],
    max_completion_tokens: 64,
    temperature: 0.3,
  },
  answer: {
    ...begin,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'It heats water and keeps it hot for tea.',
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
    samovar: {
      alias: 'chat-default',
      model: 'qwen3-0.6b',
      version: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d',
    },
  },
  events: [
    {
      name: null,
      description: 'A piece of the answer; the first one tells the role.',
      schema: chatCompletionChunk,
      example: {
        ...chunk,
        choices: [{ index: 0, delta: { role: 'assistant', content: 'It heats' }, finish_reason: null }],
      },
    },
    {
      name: null,
      description: 'The end of a choice, with its reason.',
      schema: chatCompletionChunk,
      example: { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    },
    {
      name: null,
      description: 'With `stream_options.include_usage`: the counts, without choices.',
      schema: chatCompletionChunk,
      example: { ...chunk, choices: [], usage },
    },
    { name: null, description: 'The end.', example: '[DONE]' },
  ],
};
