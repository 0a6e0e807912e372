import Type from 'typebox';
import { closed, int64Answer, modelUri, modelVersion } from './schema-pieces.ts';

const label = Type.String({ minLength: 1, maxLength: 256 });
const uri = modelUri('cls');

export const classificationRequest = Type.Object(
  { modelUri: uri, text: Type.String({ minLength: 1 }) },
  { ...closed, examples: [{ modelUri: 'cls://0/chat-default/latest', text: 'The tea is cold.' }] },
);

export const fewShotClassificationRequest = Type.Object(
  {
    modelUri: uri,
    taskDescription: Type.Optional(Type.String({ description: 'What is to be told apart.' })),
    labels: Type.Array(label, { minItems: 2, maxItems: 100, uniqueItems: true }),
    text: Type.String({ minLength: 1 }),
    samples: Type.Optional(
      Type.Array(Type.Object({ text: Type.String({ minLength: 1 }), label }, closed), { maxItems: 1000 }),
    ),
  },
  {
    ...closed,
    examples: [
      {
        modelUri: 'cls://0/chat-default/latest',
        taskDescription: 'Tell whether the guest is content.',
        labels: ['content', 'discontent'],
        text: 'The tea is cold.',
        samples: [{ text: 'What a cosy room!', label: 'content' }],
      },
    ],
  },
);

export const classificationAnswer = Type.Object(
  {
    predictions: Type.Array(Type.Object({ label: Type.String(), confidence: Type.Number() }, closed), {
      description: 'In the order of the labels; the confidences sum to 1.',
    }),
    modelVersion,
    inputTokens: int64Answer,
  },
  {
    ...closed,
    examples: [
      {
        predictions: [
          { label: 'content', confidence: 0.25 },
          { label: 'discontent', confidence: 0.75 },
        ],
        modelVersion: '23.11.2026',
        inputTokens: '57',
      },
    ],
  },
);
