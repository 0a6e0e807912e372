import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompletionResponseSchema } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { writeMessage } from '../proto-json/write-message.ts';
import { createCompletionWriter } from './completion-writer.ts';

const counts = { inputTokens: 5, outputTokens: 7, reasoningTokens: 3 };

function event(delta: object, finish: string | null = null) {
  return { choices: [{ index: 0, delta, finish_reason: finish }] };
}

function shown(writer: ReturnType<typeof createCompletionWriter>) {
  return writeMessage(CompletionResponseSchema, writer.final(counts));
}

function alternativeOf(events: readonly object[]): unknown {
  const writer = createCompletionWriter('v');
  for (const each of events) writer.add({ ...each });
  const { alternatives } = Object(shown(writer));
  return alternatives[0];
}

describe('an answer', () => {
  test('carries the whole text so far, its counts in the last message', () => {
    const writer = createCompletionWriter('23.11.2026');
    assert.equal(writer.add(event({ role: 'assistant', content: '' })), false);
    assert.equal(writer.add(event({ content: 'Hel' })), true);
    assert.equal(writer.partial().alternatives[0]?.message?.Content.value, 'Hel');
    writer.add(event({ content: 'lo' }));
    assert.equal(writer.partial().alternatives[0]?.message?.Content.value, 'Hello');
    writer.add(event({}, 'stop'));
    assert.deepEqual(shown(writer), {
      alternatives: [{ message: { role: 'assistant', text: 'Hello' }, status: 'ALTERNATIVE_STATUS_FINAL' }],
      usage: {
        inputTextTokens: '5',
        completionTokens: '7',
        totalTokens: '12',
        completionTokensDetails: { reasoningTokens: '3' },
      },
      modelVersion: '23.11.2026',
    });
  });

  test('counts its reasoning and never shows it', () => {
    const writer = createCompletionWriter('v');
    assert.equal(writer.add(event({ reasoning_content: 'Hmm.' })), false);
    writer.add(event({ content: '4' }, 'stop'));
    assert.doesNotMatch(JSON.stringify(shown(writer)), /Hmm/);
  });

  test('ends with the status that tells why', () => {
    const text = (finish: string, status: string) =>
      assert.deepEqual(alternativeOf([event({ content: 'a' }, finish)]), {
        message: { role: 'assistant', text: 'a' },
        status: `ALTERNATIVE_STATUS_${status}`,
      });
    text('stop', 'FINAL');
    text('length', 'TRUNCATED_FINAL');
    text('content_filter', 'CONTENT_FILTER');
  });

  test('that calls functions has their arguments as objects, put together from their pieces', () => {
    const call = (index: number, part: object) => ({ index, function: part });
    const calls = [
      event({ tool_calls: [call(0, { name: 'f', arguments: '' })] }),
      event({ tool_calls: [call(0, { arguments: '{"a":' })] }),
      event({ tool_calls: [call(0, { arguments: '1}' })] }),
      event({ tool_calls: [call(1, { name: 'g', arguments: '' })] }),
      event({}, 'tool_calls'),
    ];
    assert.deepEqual(alternativeOf(calls), {
      message: {
        role: 'assistant',
        toolCallList: {
          toolCalls: [
            { functionCall: { name: 'f', arguments: { a: 1 } } },
            { functionCall: { name: 'g', arguments: {} } },
          ],
        },
      },
      status: 'ALTERNATIVE_STATUS_TOOL_CALLS',
    });
  });

  test('whose calls were cut off is truncated text', () => {
    const cut = [
      event({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a' } }] }),
      event({}, 'length'),
    ];
    assert.deepEqual(alternativeOf(cut), {
      message: { role: 'assistant', text: '' },
      status: 'ALTERNATIVE_STATUS_TRUNCATED_FINAL',
    });
  });

  test('with arguments that are no object, or that no message holds, is a fault of the engine', () => {
    const deep = `{"a":${'['.repeat(200)}${']'.repeat(200)}}`;
    for (const text of ['[1]', '{', '"a"', 'null', '{"a":{"b":1e999}}', deep])
      assert.throws(
        () =>
          alternativeOf([
            event({ tool_calls: [{ function: { name: 'f', arguments: text } }] }, 'tool_calls'),
          ]),
        { code: 'engine.failed' },
        text,
      );
  });
});
