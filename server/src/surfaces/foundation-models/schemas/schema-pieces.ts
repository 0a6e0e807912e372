import Type, { type TSchema } from 'typebox';

/** Schemas that several methods use: proto3 JSON, as clients of this API send and get it. */

export const closed = { additionalProperties: false } as const;

/** 64-bit integers are strings in answers; requests may send numbers too. */
export const int64Answer = Type.String({ pattern: '^-?[0-9]+$' });
export const int64 = Type.Union([int64Answer, Type.Integer()]);

/** A field may be null or left out. */
export const optional = (schema: TSchema) => Type.Optional(Type.Union([schema, Type.Null()]));
export const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
export const oneOf = (...values: readonly string[]) => Type.Enum([...values]);
export const struct = Type.Object({}, { additionalProperties: true });

export const modelUri = (scheme: string) =>
  Type.String({
    description: `\`${scheme}://<folder>/<model>/<branch>\`; the folder may be empty or \`0\`.`,
    maxLength: 512,
  });

export const modelVersion = Type.String({ description: 'The day on which the version came here.' });
