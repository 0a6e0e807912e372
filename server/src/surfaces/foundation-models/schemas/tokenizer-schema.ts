import Type from 'typebox';
import { closed, int64Answer, modelUri, modelVersion } from './schema-pieces.ts';

export const tokenizeRequest = Type.Object(
  { modelUri: modelUri('gpt'), text: Type.String() },
  { ...closed, examples: [{ modelUri: 'gpt://0/chat-default/latest', text: 'A samovar heats water.' }] },
);

export const tokenizeAnswer = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          id: int64Answer,
          text: Type.String(),
          special: Type.Boolean({ description: 'It is of the template, not of the text.' }),
        },
        closed,
      ),
    ),
    modelVersion,
  },
  {
    ...closed,
    examples: [{ tokens: [{ id: '49', text: 'A', special: false }], modelVersion: '23.11.2026' }],
  },
);
