import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { SamovarError } from '../../../kernel/errors.ts';
import type { TokenCounts } from '../../../modules/inference/index.ts';
import type { ServedModel } from '../../../modules/registry/index.ts';
import type { ChatDelta } from './chat-delta.ts';
import { responseAnswer } from './response-answer-schema.ts';
import { responseEvent } from './response-event-schema.ts';
import { beginResponse } from './response-object.ts';
import type { ResponseRequest } from './response-request.ts';
import { createResponseWriter } from './response-writer.ts';
import type { WireEvent } from './wire-response.ts';

const counts: TokenCounts = {
  inputTokens: 7,
  cachedInputTokens: 3,
  outputTokens: 5,
  reasoningTokens: 2,
  estimated: false,
};
const model = { name: 'm', manifest: { engineOptions: {} } } as unknown as ServedModel;
const eventCheck = Compile(responseEvent);
const answerCheck = Compile(responseAnswer);

type Numbered = WireEvent & { readonly sequence_number: number };

function writer(request: Partial<ResponseRequest> = {}) {
  const events: Numbered[] = [];
  const begun = beginResponse(
    { id: 'resp_1', createdAtSeconds: 1, model, alias: null },
    { model: 'm', input: 'Hi', ...request },
  );
  const made = createResponseWriter(begun, (event) => {
    // Kept as it was sent: the writer goes on with the same objects.
    events.push(structuredClone({ ...event, sequence_number: events.length }));
  });
  return { events, writer: made };
}

function delta(more: Partial<ChatDelta>): ChatDelta {
  return { reasoning: '', text: '', logprobs: [], calls: [], finishReason: null, ...more };
}

function typesOf(events: readonly Numbered[]): string[] {
  return events.map((event) => event.type);
}

test('a text answer has the published events in the published order', () => {
  const { events, writer: made } = writer();
  made.write(delta({ text: 'Hel' }));
  made.write(delta({ text: 'lo' }));
  made.write(delta({ finishReason: 'stop' }));
  const response = made.finish(counts);
  assert.deepEqual(typesOf(events), [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  assert.equal(response.status, 'completed');
  assert.equal(response.usage?.total_tokens, 12);
});

test('reasoning, text and two calls are four items, each closed before the next begins', () => {
  const { events, writer: made } = writer();
  made.write(delta({ reasoning: 'hm' }));
  made.write(delta({ text: 'ok' }));
  made.write(delta({ calls: [{ index: 0, id: 'c0', name: 'f', arguments: '' }] }));
  made.write(delta({ calls: [{ index: 0, id: null, name: null, arguments: '{}' }] }));
  made.write(delta({ calls: [{ index: 1, id: 'c1', name: 'g', arguments: '{"a":1}' }] }));
  made.write(delta({ finishReason: 'tool_calls' }));
  const response = made.finish(counts);
  assert.deepEqual(
    response.output.map((item) => item.type),
    ['reasoning', 'message', 'function_call', 'function_call'],
  );
  assertOrder(events);
});

test('an answer that reaches the token bound is incomplete, and says why', () => {
  const { events, writer: made } = writer({ max_output_tokens: 1 });
  made.write(delta({ text: 'a', finishReason: 'length' }));
  const response = made.finish(counts);
  assert.equal(response.status, 'incomplete');
  assert.deepEqual(response.incomplete_details, { reason: 'max_output_tokens' });
  assert.equal(events.at(-1)?.type, 'response.incomplete');
});

test('an answer that breaks off ends with an error event and a failed response', () => {
  const { events, writer: made } = writer();
  made.write(delta({ text: 'a' }));
  made.fail(new SamovarError('engine.worker_lost'));
  assert.deepEqual(typesOf(events).slice(-2), ['error', 'response.failed']);
  assertValid(events);
});

test('a model that ends at once answers with an empty message', () => {
  const { writer: made } = writer();
  made.write(delta({ finishReason: 'stop' }));
  assert.equal(made.finish(counts).output.length, 1);
});

test('arguments that belong to no call are an error of the engine', () => {
  const { writer: made } = writer();
  assert.throws(() => made.write(delta({ calls: [{ index: 3, id: null, name: null, arguments: '{' }] })), {
    code: 'engine.failed',
  });
});

const anyDelta = fc.oneof(
  fc.record({ reasoning: fc.string() }).map(delta),
  fc.record({ text: fc.string() }).map(delta),
  fc
    .record({
      index: fc.nat(3),
      id: fc.string({ minLength: 1 }),
      name: fc.string({ minLength: 1 }),
      arguments: fc.string(),
    })
    .map((call) => delta({ calls: [call] })),
);

test('whatever a model writes, events are valid, numbered, nested, and add up to the response', () => {
  fc.assert(
    fc.property(
      fc.array(anyDelta),
      fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter', null),
      (deltas, finishReason) => {
        const { events, writer: made } = writer();
        for (const one of deltas) made.write(one);
        made.write(delta({ finishReason }));
        const response = made.finish(counts);
        assert.ok(answerCheck.Check(response), JSON.stringify(answerCheck.Errors(response)[0]));
        assertValid(events);
        assertOrder(events);
        const text = deltas.map((one) => one.text).join('');
        const said = response.output.flatMap((item) =>
          item.type === 'message' ? item.content.map((part) => ('text' in part ? part.text : '')) : [],
        );
        assert.equal(said.join(''), text);
      },
    ),
  );
});

function assertValid(events: readonly Numbered[]): void {
  events.forEach((event, index) => {
    assert.equal(event.sequence_number, index);
    assert.ok(
      eventCheck.Check(event),
      `${event.type}: ${JSON.stringify(eventCheck.Errors(event).slice(0, 3))}`,
    );
  });
}

/** Items are opened and closed one after another, in the order of their index. */
function assertOrder(events: readonly Numbered[]): void {
  let openIndex: number | null = null;
  let next = 0;
  for (const event of events) {
    if (event.type === 'response.output_item.added') {
      assert.equal(openIndex, null);
      assert.equal(event.output_index, next);
      openIndex = next;
    } else if (event.type === 'response.output_item.done') {
      assert.equal(event.output_index, openIndex);
      openIndex = null;
      next += 1;
    } else if ('output_index' in event) {
      assert.equal(event.output_index, openIndex);
    }
  }
  assert.equal(openIndex, null);
}
