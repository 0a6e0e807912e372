import Type, { type TSchema } from 'typebox';
import type { ParameterTable } from './parameter.ts';
import { nullable } from './schema-pieces.ts';

/** The body of an endpoint for the OpenAPI document: what is honoured or accepted; any of it may be null. */
export function bodySchema(table: ParameterTable): TSchema {
  const properties: Record<string, TSchema> = {};
  for (const [name, parameter] of Object.entries(table)) {
    if (parameter.treatment === 'refused') continue;
    const description =
      parameter.treatment === 'accepted' ? `Accepted without effect. ${parameter.note}` : parameter.note;
    const required = parameter.treatment === 'honoured' && parameter.required === true;
    const schema = required ? parameter.schema : nullable(parameter.schema);
    const described = { ...schema, description };
    properties[name] = required ? described : Type.Optional(described);
  }
  return Type.Object(properties, { additionalProperties: false });
}
