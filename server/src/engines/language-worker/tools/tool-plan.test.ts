import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchGbnf } from '../../../../test/grammar/match-gbnf.ts';
import { parseGbnf } from '../../../../test/grammar/parse-gbnf.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import type { AnswerPart } from './answer-part.ts';
import { joinParts } from './reasoning-parser.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { planTools, type ToolPlanInput } from './tool-plan.ts';

const weather: ToolDefinition = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { enum: ['c', 'f'] } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};
const now: ToolDefinition = { type: 'function', function: { name: 'now' } };
const plan = (input: Partial<ToolPlanInput>) =>
  planTools({ family: 'hermes', tools: [weather, now], toolChoice: 'auto', parallel: true, ...input });

/** Text, reasoning and calls in short: what a text of the model becomes. */
type Short = string | { think: string } | { call: string; with: string };

const berlin = '{"city": "Berlin", "unit": "c"}';
const call = (name: string, json: string): Short => ({ call: name, with: json });
const answers: [name: string, input: Partial<ToolPlanInput>, text: string, expected: Short[]][] = [
  ['plain text', {}, 'It is 5 < 6.\n', ['It is 5 < 6.\n']],
  [
    'a Hermes call',
    {},
    `<tool_call>\n{"name": "get_weather", "arguments": ${berlin}}\n</tool_call>`,
    [call('get_weather', berlin)],
  ],
  [
    'text, then a Hermes call',
    {},
    `Let me see.\n\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n`,
    ['Let me see.', call('now', '{}')],
  ],
  [
    'two Hermes calls',
    {},
    `<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n<tool_call>{"name":"get_weather","arguments":${berlin}}</tool_call>`,
    [call('now', '{}'), call('get_weather', berlin)],
  ],
  [
    'arguments in front of the name',
    {},
    `<tool_call>{"arguments": ${berlin}, "name": "get_weather"}</tool_call>`,
    [call('get_weather', berlin)],
  ],
  [
    'arguments as a text',
    {},
    `<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"B\\"}"}</tool_call>`,
    [call('get_weather', '{"city": "B"}')],
  ],
  ['no arguments at all', {}, '<tool_call>{"name": "now"}</tool_call> done', [call('now', '{}'), ' done']],
  ['null as arguments', {}, '<tool_call>{"name": "now", "arguments": null}</tool_call>', [call('now', '{}')]],
  [
    'braces and quotes inside of texts',
    {},
    '<tool_call>{"name": "get_weather", "arguments": {"city": "a}\\"{</tool_call>"}}</tool_call>',
    [call('get_weather', '{"city": "a}\\"{</tool_call>"}')],
  ],
  [
    'a call of an unknown tool',
    {},
    '<tool_call>{"name": "rm", "arguments": {}}</tool_call>',
    ['<tool_call>{"name": "rm", "arguments": {}}</tool_call>'],
  ],
  [
    'a call that is no JSON',
    {},
    '<tool_call>get_weather(Berlin)</tool_call>',
    ['<tool_call>get_weather(Berlin)</tool_call>'],
  ],
  ['a call cut off before its name', {}, 'x <tool_call>\n{"na', ['x <tool_call>\n{"na']],
  [
    'a call cut off in its arguments',
    {},
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Ber',
    [call('get_weather', '{"city": "Ber')],
  ],
  [
    'a broken call before a whole one',
    {},
    '<tool_call>{oops<tool_call>{"name": "now"}</tool_call>',
    ['<tool_call>{oops', call('now', '{}')],
  ],
  ['a marker that is never finished', {}, 'a <tool_cal b', ['a <tool_cal b']],
  [
    'text behind a call',
    {},
    '<tool_call>{"name": "now"}</tool_call>\nThat is it.',
    [call('now', '{}'), '\nThat is it.'],
  ],
  ['a call without its end', {}, '<tool_call>{"name": "now"}\n', [call('now', '{}')]],
  [
    'a Llama 3 call',
    { family: 'llama3' },
    `{"name": "get_weather", "parameters": ${berlin}}`,
    [call('get_weather', berlin)],
  ],
  [
    'a Llama 3 call with its tag',
    { family: 'llama3' },
    `<|python_tag|>{"name": "now", "parameters": {}}`,
    [call('now', '{}')],
  ],
  [
    'two Llama 3 calls',
    { family: 'llama3' },
    `{"name": "now", "parameters": {}}; {"name": "get_weather", "parameters": ${berlin}}`,
    [call('now', '{}'), call('get_weather', berlin)],
  ],
  ['a Llama 3 answer that is JSON', { family: 'llama3' }, '{"answer": 42}', ['{"answer": 42}']],
  ['a Llama 3 answer in words', { family: 'llama3' }, ' Hello {you}', [' Hello {you}']],
  [
    'Mistral calls',
    { family: 'mistral' },
    `[TOOL_CALLS] [{"name": "now", "arguments": {}}, {"name": "get_weather", "arguments": ${berlin}}]`,
    [call('now', '{}'), call('get_weather', berlin)],
  ],
  [
    'a newer Mistral call',
    { family: 'mistral' },
    `[TOOL_CALLS]get_weather[ARGS]${berlin}[TOOL_CALLS]now{}`,
    [call('get_weather', berlin), call('now', '{}')],
  ],
  ['Mistral words in brackets', { family: 'mistral' }, '[TOOL_CALLS] what [1]', ['[TOOL_CALLS] what [1]']],
  [
    'reasoning, then a call',
    { reasoning: 'thinkTags' },
    '<think>\nI < need > it\n</think>\n\n<tool_call>{"name": "now"}</tool_call>',
    [{ think: '\nI < need > it\n' }, call('now', '{}')],
  ],
  [
    'reasoning without an end',
    { reasoning: 'thinkTags' },
    '<think>on and </thin',
    [{ think: 'on and </thin' }],
  ],
  ['no reasoning where it was possible', { reasoning: 'thinkTags' }, ' <thin air', [' <thin air']],
  [
    'characters of several code units',
    {},
    '😀 <tool_call>{"name": "get_weather", "arguments": {"city": "😀"}}</tool_call>',
    ['😀', call('get_weather', '{"city": "😀"}')],
  ],
  [
    'tools that must not be called',
    { toolChoice: 'none' },
    '<tool_call>{"name": "now"}</tool_call>',
    ['<tool_call>{"name": "now"}</tool_call>'],
  ],
];

describe('the parsers of tool calls', () => {
  for (const [name, input, text, expected] of answers) {
    it(`read ${name}, wherever the text is cut`, () => {
      const read = (chunks: readonly string[]) => {
        const parser = plan(input).createParser();
        return short(joinParts([...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.finish()]));
      };
      assert.deepEqual(read([text]), expected);
      assert.deepEqual(read(Array.from(text)), expected);
      fc.assert(
        fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
          const ends = [0, ...cuts.toSorted((a, b) => a - b), text.length];
          const chunks = ends.slice(1).map((end, index) => text.slice(ends[index], end));
          // A decoder of UTF-8 never cuts a character in two.
          fc.pre(chunks.every((chunk) => chunk.isWellFormed()));
          assert.deepEqual(read(chunks), expected);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('never throw and never lose text that is no call', () => {
    const piece = fc.constantFrom(
      '<tool_call>',
      '</tool_call>',
      '{',
      '}',
      '"',
      '\\',
      'name',
      ':',
      ',',
      '[TOOL_CALLS]',
      '[',
      ']',
      '<|python_tag|>',
      ';',
      '\n',
      ' ',
      'now',
      '<think>',
      '</think>',
      '"name": "now"',
      'a',
    );
    fc.assert(
      fc.property(
        fc.constantFrom<ToolPlanInput['family']>('hermes', 'llama3', 'mistral', 'grammar'),
        fc.constantFrom<'none' | 'thinkTags'>('none', 'thinkTags'),
        fc.array(piece, { maxLength: 40 }),
        (family, reasoning, pieces) => {
          const run = (chunks: readonly string[]) => {
            const parser = plan({ family, reasoning }).createParser();
            return short(joinParts([...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.finish()]));
          };
          const whole = run([pieces.join('')]);
          assert.deepEqual(run(pieces), whole);
          if (reasoning === 'none' && whole.every((part) => typeof part === 'string')) {
            assert.equal(whole.join(''), pieces.join(''));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('begin inside the reasoning when the prompt opened it', () => {
    const parser = plan({ reasoning: 'thinkTags' }).createParser('reasoning');
    assert.deepEqual(short(joinParts([...parser.push('hm</think>\n\nYes'), ...parser.finish()])), [
      { think: 'hm' },
      '\n\nYes',
    ]);
  });

  it('give every call an id of its own, for Mistral one of nine letters and digits', () => {
    const ids = (family: ToolPlanInput['family'], text: string) =>
      plan({ family })
        .createParser()
        .push(text)
        .flatMap((part) => (part.kind === 'tool-call-start' ? [part.id] : []));
    const [first, second] = ids(
      'hermes',
      '<tool_call>{"name":"now"}</tool_call><tool_call>{"name":"now"}</tool_call>',
    );
    assert.match(String(first), /^call_[0-9a-f]{32}$/);
    assert.notEqual(first, second);
    assert.match(String(ids('mistral', '[TOOL_CALLS][{"name":"now"}]')[0]), /^[A-Za-z0-9]{9}$/);
  });
});

describe('the grammars of tool calls', () => {
  const accepts = (grammar: string | null | undefined, text: string) =>
    matchGbnf(parseGbnf(grammar ?? ''), text).accepted;
  const hermes = (name: string, json: string) =>
    `<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;

  it('force one call of a tool when required, with arguments of its schema', () => {
    const { grammar } = plan({ toolChoice: 'required', parallel: false });
    assert.ok(accepts(grammar, hermes('get_weather', berlin)));
    assert.ok(accepts(grammar, hermes('now', '{}')));
    assert.ok(!accepts(grammar, hermes('get_weather', '{"unit": "c"}')));
    assert.ok(!accepts(grammar, hermes('now', '{"a": 1}')));
    assert.ok(!accepts(grammar, 'hello'));
    assert.ok(!accepts(grammar, `${hermes('now', '{}')}\n${hermes('now', '{}')}`));
  });
  it('allow several calls when they may be parallel', () => {
    assert.ok(
      accepts(plan({ toolChoice: 'required' }).grammar, `${hermes('now', '{}')}\n${hermes('now', '{}')}`),
    );
    const { grammar } = plan({ toolChoice: 'required', family: 'mistral' });
    assert.ok(
      accepts(
        grammar,
        `[TOOL_CALLS] [{"name": "now", "arguments": {}}, {"name": "get_weather", "arguments": ${berlin}}]`,
      ),
    );
  });
  it('force the named tool', () => {
    const { grammar } = plan({
      toolChoice: { type: 'function', function: { name: 'now' } },
      family: 'llama3',
    });
    assert.ok(accepts(grammar, '{"name": "now", "parameters": {}}'));
    assert.ok(!accepts(grammar, `{"name": "get_weather", "parameters": ${berlin}}`));
  });
  it('let a model without tools in its template answer or call, as it likes', () => {
    const { grammar, promptTools } = plan({ family: 'grammar' });
    assert.equal(promptTools, null);
    assert.ok(accepts(grammar, hermes('get_weather', berlin)));
    assert.ok(accepts(grammar, 'It rains. <tool_call>'));
    assert.ok(!accepts(grammar, '<tool_call> what'));
    assert.ok(!accepts(grammar, ''));
  });
  it('hold a call that the model begins of its own accord', () => {
    const { grammar, lazyTrigger } = plan({ toolChoice: 'auto' });
    assert.equal(grammar, null);
    assert.equal(lazyTrigger?.text, '<tool_call>');
    assert.ok(
      accepts(lazyTrigger?.grammar, `\n{"name": "get_weather", "arguments": ${berlin}}\n</tool_call>`),
    );
  });
  it('let a reasoning model think before a forced call', () => {
    const { grammar } = plan({ toolChoice: 'required', reasoning: 'thinkTags' });
    assert.ok(accepts(grammar, `<think>well</think>\n\n${hermes('now', '{}')}`));
    assert.ok(accepts(grammar, hermes('now', '{}')));
  });
  it('refuse the schema of a strict tool by name, and take any object for another', () => {
    const parameters = { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } };
    const tool = (strict: boolean): ToolDefinition => ({
      type: 'function',
      function: { name: 'f', parameters, strict },
    });
    assert.throws(
      () => plan({ tools: [tool(true)], toolChoice: 'required' }),
      (error) =>
        error instanceof SamovarError &&
        error.params.parameter === 'tools[0].function.parameters.properties.a.uniqueItems',
    );
    const { grammar } = plan({ tools: [tool(false)], toolChoice: 'required' });
    assert.ok(accepts(grammar, hermes('f', '{"a": [1, 1]}')));
  });
});

describe('messages for templates without tools', () => {
  it('describe the tools in the system message and write calls and results as text', () => {
    const { prepareMessages } = plan({ family: 'grammar', toolChoice: 'required' });
    const prepared = prepareMessages([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '12:00' },
      { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'noon' }] },
    ]);
    assert.deepEqual(
      prepared.map(({ role }) => role),
      ['system', 'user', 'assistant', 'user'],
    );
    assert.match(String(prepared[0]?.content), /^Be brief\.\n\n[\s\S]*get_weather[\s\S]*Call a tool now\.$/);
    assert.equal(prepared[2]?.content, '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>');
    assert.equal(prepared[2]?.tool_calls, undefined);
    assert.equal(
      prepared[3]?.content,
      '<tool_response>\n12:00\n</tool_response>\n<tool_response>\nnoon\n</tool_response>',
    );
  });
  it('get a system message when there is none, and stay as they are for native templates', () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    assert.deepEqual(
      plan({ family: 'grammar' })
        .prepareMessages(messages)
        .map(({ role }) => role),
      ['system', 'user'],
    );
    assert.deepEqual(plan({ family: 'hermes' }).prepareMessages(messages), messages);
  });
  it('have call ids that Mistral templates accept, the same for a call and its result', () => {
    const [asked, told] = plan({ family: 'mistral' }).prepareMessages([
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_0198', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_0198', content: 'x' },
    ]);
    assert.match(String(asked?.tool_calls?.[0]?.id), /^[a-z0-9]{9}$/);
    assert.equal(asked?.tool_calls?.[0]?.id, told?.tool_call_id);
  });
});

function short(parts: readonly AnswerPart[]): Short[] {
  const shorts: Short[] = [];
  for (const part of parts) {
    const last = shorts.at(-1);
    if (part.kind === 'text') shorts.push(part.text);
    else if (part.kind === 'reasoning') shorts.push({ think: part.text });
    else if (part.kind === 'tool-call-start') shorts.push({ call: part.name, with: '' });
    else if (typeof last === 'object' && 'with' in last) last.with += part.delta;
  }
  return shorts;
}
