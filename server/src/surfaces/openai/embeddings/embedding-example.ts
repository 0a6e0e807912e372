import type { InferenceExamples } from '../inference-examples.ts';

export const embeddingExamples: InferenceExamples = {
  body: {
    model: 'embedding-default',
    input: ['How do I heat water?', 'Tea is served at five.'],
    dimensions: 4,
  },
  answer: {
    object: 'list',
    data: [
      { object: 'embedding', index: 0, embedding: [0.512, -0.218, 0.731, 0.396] },
      { object: 'embedding', index: 1, embedding: [-0.104, 0.655, 0.412, -0.625] },
    ],
    model: 'all-minilm-l6-v2',
    usage: { prompt_tokens: 14, total_tokens: 14 },
  },
};
