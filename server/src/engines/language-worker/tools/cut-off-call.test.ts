import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planTools, type ToolPlanInput } from './tool-plan.ts';

const whole = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>';
const further = '\n<tool_call>\n{"name": "no';

/** The text and the number of calls in an answer that was cut off. */
function cutOff(input: Partial<ToolPlanInput>, text: string): [text: string, calls: number] {
  const parser = planTools({
    family: 'hermes',
    tools: [{ type: 'function', function: { name: 'now' } }],
    toolChoice: 'auto',
    parallel: true,
    ...input,
  }).createParser();
  const parts = [...parser.push(text), ...parser.cutOff()];
  return [
    parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    parts.filter(({ kind }) => kind === 'tool-call-start').length,
  ];
}

test('the unfinished markup of a further or forced call that was cut off is left out, wherever it was cut', () => {
  for (let length = 1; length <= further.length; length += 1) {
    const cut = further.slice(0, length);
    assert.deepEqual(cutOff({}, whole + cut), ['', 1]);
    assert.deepEqual(cutOff({ toolChoice: 'required' }, cut), ['', 0]);
  }
  assert.deepEqual(cutOff({ family: 'mistral' }, '[TOOL_CALLS] [{"name": "now", "arguments": {}}, {"na'), [
    '',
    1,
  ]);
  assert.deepEqual(cutOff({ reasoning: 'thinkTags' }, `<think>a</think>${whole}${further}`), ['', 1]);
});

test('a text that may be an answer stays whole where it was cut off', () => {
  for (let length = 1; length <= further.length; length += 1)
    assert.deepEqual(cutOff({}, further.slice(0, length)), [further.slice(0, length), 0]);
  assert.deepEqual(cutOff({ family: 'llama3' }, '{"answer": 4'), ['{"answer": 4', 0]);
});
