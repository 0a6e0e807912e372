import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import fc from 'fast-check';
import { schemaCases, wholeSchema } from '../grammar/schema-case.ts';
import { askWorker, type ConformingWorker } from './conforming-worker.ts';

const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 9, validateSchema: false });
addFormatsModule.default(ajv);

const maxTokens = 200;

/** JSON mode and JSON Schemas: an answer that ends by itself must be valid. */
export function describeSchemas(worker: ConformingWorker): void {
  if (!worker.capabilities.includes('json-schema')) return;
  const { chat, chatChunks } = askWorker(worker);
  const format = (schema: unknown) => ({
    type: 'json_schema',
    json_schema: { name: 'answer', strict: true, schema },
  });

  describe('answers by a schema', () => {
    it('are JSON objects in JSON mode', async () => {
      const { choices } = await chat(
        { response_format: { type: 'json_object' }, max_completion_tokens: 300 },
        'Describe a cat as a short JSON object.',
      );
      if (choices[0]?.finish_reason === 'stop')
        assert.equal(typeof JSON.parse(choices[0].message.content ?? ''), 'object');
    });

    it('stop by themselves when the value is complete', async () => {
      const schema = {
        type: 'object',
        properties: {
          name: { type: 'string', maxLength: 12 },
          age: { type: 'integer', minimum: 0, maximum: 120 },
        },
        required: ['name', 'age'],
        additionalProperties: false,
      };
      const extra = { response_format: format(schema), max_completion_tokens: 200 };
      const { choices } = await chat(extra, 'Invent a person.');
      assert.equal(choices[0]?.finish_reason, 'stop');
      const person = JSON.parse(choices[0].message.content ?? '') as object;
      assert.deepEqual(Object.keys(person), ['name', 'age']);
      const chunks = await chatChunks(extra, 'Invent a person.');
      assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'stop');
    });

    it(`validate for ${worker.schemaCount} generated schemas, whatever the model would rather say`, async () => {
      // A run repeats the same schemas; another seed is another sample.
      const cases = fc.sample(schemaCases(2), { numRuns: worker.schemaCount, seed: 20 });
      const wrong: string[] = [];
      let finished = 0;
      for (const [index, { schema }] of cases.entries()) {
        const whole = wholeSchema(schema);
        const { choices } = await chat(
          { response_format: format(whole), max_completion_tokens: maxTokens, temperature: 1, seed: index },
          'Answer with an example.',
        );
        const [choice] = choices;
        // A model that talks on inside of a long text runs into the limit: then nothing was promised.
        if (choice?.finish_reason !== 'stop') continue;
        finished += 1;
        const content = choice.message.content ?? '';
        if (!isValid(whole, content)) wrong.push(`${JSON.stringify(whole)}\n${content}`);
      }
      assert.deepEqual(wrong, []);
      assert.ok(
        finished >= worker.schemaCount * 0.7,
        `only ${finished} of ${worker.schemaCount} answers ended by themselves`,
      );
    });
  });
}

function isValid(schema: object, content: string): boolean {
  try {
    return ajv.validate(schema, JSON.parse(content));
  } catch {
    return false;
  }
}
