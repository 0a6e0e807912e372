import { nullable, oneOf } from '@samovar/contract/answers/answer-pieces';
import Type from 'typebox';

/** Request schemas that several endpoints use. */

export { nullable, oneOf };

export const modelName = Type.String({ minLength: 1, maxLength: 256 });
export const temperature = Type.Number({ minimum: 0, maximum: 2 });
export const topP = Type.Number({ minimum: 0, maximum: 1 });
export const penalty = Type.Number({ minimum: -2, maximum: 2 });
/** The published range, 64 bits, as far as a number of JSON carries it. */
export const seed = Type.Integer({ minimum: -(2 ** 63), maximum: 2 ** 63 });
export const answerTokens = Type.Integer({ minimum: 1, maximum: 10_000_000 });
export const choiceCount = Type.Integer({ minimum: 1, maximum: 128 });
export const anyObject = Type.Object({}, { additionalProperties: true });

const stopString = Type.String({ minLength: 1, maxLength: 1000 });
export const stop = Type.Union([stopString, Type.Array(stopString, { maxItems: 4 })]);

export const logitBias = Type.Record(
  Type.String({ pattern: '^[0-9]+$' }),
  Type.Number({ minimum: -100, maximum: 100 }),
  { additionalProperties: false, maxProperties: 1024 },
);

export const metadata = Type.Record(
  Type.String({ pattern: '^[^]{1,64}$' }),
  Type.String({ maxLength: 512 }),
  { additionalProperties: false, maxProperties: 16 },
);

export const streamOptions = Type.Object(
  {
    include_usage: Type.Optional(nullable(Type.Boolean())),
    include_obfuscation: Type.Optional(nullable(Type.Boolean())),
  },
  { additionalProperties: false },
);

/** A function's name, by the published rule. */
export const functionName = Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$' });
