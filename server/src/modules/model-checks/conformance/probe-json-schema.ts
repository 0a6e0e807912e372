import Type, { type TSchema } from 'typebox';
import { Check } from 'typebox/value';
import type { AskedModel } from '../asked-model.ts';
import { parseJson, readChat } from './chat-answer.ts';
import { type Probe, skipped } from './probe.ts';

const closed = { additionalProperties: false } as const;
const text = Type.String({ minLength: 1, maxLength: 24 });

/** Small ones that a small model can fill: enumerations, ranges, lists, choices, depth. */
const schemas: Readonly<Record<string, TSchema>> = {
  person: Type.Object(
    {
      name: text,
      age: Type.Integer({ minimum: 0, maximum: 120 }),
      mood: Type.Union([Type.Literal('calm'), Type.Literal('glad'), Type.Literal('tired')]),
    },
    closed,
  ),
  list: Type.Object({ colors: Type.Array(text, { minItems: 2, maxItems: 3 }) }, closed),
  nested: Type.Object(
    {
      place: Type.Object({ city: text, country: Type.Union([text, Type.Null()]) }, closed),
      open: Type.Boolean(),
    },
    closed,
  ),
};

/** Answers are of the schema that the request has; where only JSON is asked for, they are JSON. */
export const probeJsonSchema: Probe = {
  feature: 'json-schema',
  async run(asked) {
    if (!asked.model.manifest.capabilities.includes('json-schema'))
      return skipped('The model claims no JSON Schema.');
    const failures: string[] = [];
    for (const [name, schema] of Object.entries(schemas)) {
      const answer = await ask(asked, { type: 'json_schema', json_schema: { name, schema, strict: true } });
      if (!Check(schema, parseJson(answer)))
        failures.push(`the schema \`${name}\` is not kept: ${answer.slice(0, 100)}`);
    }
    const detail = `${Object.keys(schemas).length} schemas with enumerations, ranges, lists and choices.`;
    return { detail, failures };
  },
};

async function ask(asked: AskedModel, format: object): Promise<string> {
  const body = {
    messages: [{ role: 'user', content: 'Make up an example and answer in JSON.' }],
    response_format: format,
    max_tokens: 256,
    temperature: 0,
    seed: 1,
  };
  return readChat(await asked.ask({ path: '/v1/chat/completions', body })).content;
}
