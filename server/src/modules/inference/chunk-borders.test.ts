import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chatEvent, doneEvent, usageEvent } from '../../../test/scripted-worker.ts';
import type { AnswerReader } from './answer-reader.ts';
import { createParsedStream } from './parsed-stream.ts';
import { createPassThroughStream } from './pass-through-stream.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('"usage":{', 'data: {"error":', 'data: [DONE]\n\n', '\n\n', '\\"', '🫖'),
);

/** A stream of events and the places at which it is cut. */
const cutStream = fc.record({
  contents: fc.array(text, { maxLength: 8 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
});

function feed(reader: AnswerReader, whole: Buffer, cuts: readonly number[]): void {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)), whole.length].sort(
    (a, b) => a - b,
  );
  for (let index = 1; index < places.length; index += 1) {
    const part = whole.subarray(places[index - 1], places[index]);
    if (part.length > 0) reader.chunk(Buffer.from(part));
  }
  reader.end();
}

test('wherever a stream is cut, the client gets the same bytes, and the usage event only when it asked', () => {
  fc.assert(
    fc.property(cutStream, fc.boolean(), ({ contents, cuts }, keepUsage) => {
      const events = contents.map((content) => chatEvent(content));
      const out: Buffer[] = [];
      const reader = createPassThroughStream(
        { bytes: (chunk) => out.push(Buffer.from(chunk)) > 0, object: () => true },
        keepUsage,
      );
      feed(reader, Buffer.from([...events, usageEvent(), doneEvent].join('')), cuts);
      const expected = [...events, ...(keepUsage ? [usageEvent()] : []), doneEvent].join('');
      assert.equal(Buffer.concat(out).toString(), expected);
      assert.equal(reader.counts?.inputTokens, 11);
      assert.equal(reader.complete, true);
      assert.equal(reader.failure, null);
    }),
    { numRuns: 400 },
  );
});

test('wherever a stream is cut, a sink of objects gets the same events', () => {
  fc.assert(
    fc.property(cutStream, ({ contents, cuts }) => {
      const seen: unknown[] = [];
      const reader = createParsedStream(
        { bytes: () => true, object: (value) => seen.push(value) > 0 },
        { form: 'objects', keepUsage: true },
      );
      const events = [...contents.map((content) => chatEvent(content)), usageEvent()];
      feed(reader, Buffer.from([...events, doneEvent].join('')), cuts);
      assert.deepEqual(
        seen,
        events.map((event) => JSON.parse(event.slice(6))),
      );
      assert.equal(reader.complete, true);
    }),
    { numRuns: 400 },
  );
});

test('an error event is told apart from a text that looks like one, wherever it is cut', () => {
  fc.assert(
    fc.property(cutStream, ({ contents, cuts }) => {
      const events = contents.map((content) => chatEvent(content)).join('');
      const error = `data: ${JSON.stringify({ error: { message: 'x' }, samovar: { code: 'engine.failed' } })}\n\n`;
      const out: Buffer[] = [];
      const reader = createPassThroughStream(
        { bytes: (chunk) => out.push(Buffer.from(chunk)) > 0, object: () => true },
        false,
      );
      feed(reader, Buffer.from(events + error), cuts);
      assert.equal(Buffer.concat(out).toString(), events);
      assert.equal(reader.failure?.code, 'engine.failed');
      assert.equal(reader.complete, false);
    }),
    { numRuns: 200 },
  );
});

test('an event that is cut off by the end of its stream is not handed on: nobody could read it, or what follows it', () => {
  for (const cut of ['data: {"error":{"message":"out of memory"}}', chatEvent('of').slice(0, -1)]) {
    const out: Buffer[] = [];
    const target = { bytes: (chunk: Buffer) => out.push(Buffer.from(chunk)) > 0, object: () => true };
    const reader = createPassThroughStream(target, true);
    feed(reader, Buffer.from(chatEvent('tea') + cut), [0.5]);
    assert.equal(Buffer.concat(out).toString(), chatEvent('tea'));
    assert.equal(reader.complete, false);
  }
});

test('a large event in small chunks is read in linear time, in both lanes', () => {
  const event = Buffer.from(chatEvent('x'.repeat(7 * 1024 * 1024)));
  const target = { bytes: () => true, object: () => true };
  for (const reader of [
    createPassThroughStream(target, true),
    createParsedStream(target, { form: 'objects', keepUsage: true }),
  ]) {
    const began = performance.now();
    for (let at = 0; at < event.length; at += 512) reader.chunk(event.subarray(at, at + 512));
    // Joining anew with each chunk would move 50 GB.
    assert.ok(performance.now() - began < 3000);
    assert.equal(reader.events, 1);
  }
});

test('an error in the middle of a stream ends it as failed, also as older engines write it', () => {
  const errors = [
    'data: {"error":{"message":"out of memory"}}\n\n',
    'data: {"object":"error","message":"out of memory","code":500}\n\n',
    'data: {"object": "error", "message": "out of memory", "code": 500}\n\n',
  ];
  for (const error of errors) {
    const out: Buffer[] = [];
    const target = { bytes: (chunk: Buffer) => out.push(Buffer.from(chunk)) > 0, object: () => true };
    const reader = createPassThroughStream(target, true);
    feed(reader, Buffer.from(chatEvent('tea') + error + doneEvent), [0.5]);
    assert.equal(reader.failure?.code, 'engine.failed', error);
    assert.ok(!Buffer.concat(out).toString().includes('out of memory'), error);
  }
});
