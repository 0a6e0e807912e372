import { completionEvent } from '@samovar/contract/answers/completion-answer-schema';
import type { InferenceExamples } from '../inference-examples.ts';

const begin = {
  id: 'cmpl-019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  object: 'text_completion',
  created: 1795435200,
  model: 'qwen3-0.6b',
};
const usage = { prompt_tokens: 5, completion_tokens: 11, total_tokens: 16 };

export const completionExamples: InferenceExamples = {
  body: { model: 'qwen3-0.6b', prompt: 'A samovar is', max_tokens: 16, stop: ['\n'] },
  answer: {
    ...begin,
    choices: [
      {
        index: 0,
        text: ' a vessel in which water is heated for tea.',
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
  },
  events: [
    {
      name: null,
      description: 'A piece of the text; the last one of a choice has its reason.',
      schema: completionEvent,
      example: {
        ...begin,
        choices: [{ index: 0, text: ' a vessel', logprobs: null, finish_reason: null }],
      },
    },
    {
      name: null,
      description: 'With `stream_options.include_usage`: the counts, without choices.',
      schema: completionEvent,
      example: { ...begin, choices: [], usage },
    },
    { name: null, description: 'The end.', example: '[DONE]' },
  ],
};
