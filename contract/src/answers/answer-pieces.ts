import Type, { type TSchema } from 'typebox';

/** Answer schemas that several endpoints use. Engines are checked against them too. */

export const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

/** A string out of a closed set. */
export const oneOf = (...values: readonly string[]) => Type.Enum([...values]);

const count = Type.Integer({ minimum: 0 });
export const closed = { additionalProperties: false } as const;

/** What our workers add to an answer, under one key. */
export const samovarExtra = Type.Optional(Type.Object({}, { additionalProperties: true }));

export const completionUsage = Type.Object(
  {
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: Type.Optional(
      Type.Object({ cached_tokens: Type.Optional(count), audio_tokens: Type.Optional(count) }, closed),
    ),
    completion_tokens_details: Type.Optional(
      Type.Object(
        {
          reasoning_tokens: Type.Optional(count),
          accepted_prediction_tokens: Type.Optional(count),
          rejected_prediction_tokens: Type.Optional(count),
          audio_tokens: Type.Optional(count),
        },
        closed,
      ),
    ),
  },
  closed,
);

const tokenChance = {
  token: Type.String(),
  logprob: Type.Number(),
  bytes: nullable(Type.Array(Type.Integer({ minimum: 0, maximum: 255 }))),
};

const tokenLogprobs = nullable(
  Type.Array(
    Type.Object({ ...tokenChance, top_logprobs: Type.Array(Type.Object(tokenChance, closed)) }, closed),
  ),
);

export const chatLogprobs = nullable(Type.Object({ content: tokenLogprobs, refusal: tokenLogprobs }, closed));

/** An answer with the members that all of its kind have. */
export function answerObject(kind: string, members: Readonly<Record<string, TSchema>>) {
  return Type.Object(
    {
      id: Type.String(),
      object: Type.Literal(kind),
      created: Type.Integer(),
      model: Type.String(),
      system_fingerprint: Type.Optional(Type.String()),
      service_tier: Type.Optional(nullable(Type.String())),
      samovar: samovarExtra,
      ...members,
    },
    closed,
  );
}

export const errorAnswer = Type.Object(
  {
    error: Type.Object(
      {
        message: Type.String(),
        type: Type.String(),
        param: nullable(Type.String()),
        code: nullable(Type.String()),
      },
      closed,
    ),
    samovar: Type.Object({ code: Type.String(), remedy: Type.String(), request_id: Type.String() }, closed),
  },
  closed,
);
