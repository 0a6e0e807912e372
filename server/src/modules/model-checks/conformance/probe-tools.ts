import type { AskedModel } from '../asked-model.ts';
import { parseJson, readChat } from './chat-answer.ts';
import { type Probe, skipped } from './probe.ts';

const path = '/v1/chat/completions';
const city = { type: 'object', properties: { city: { type: 'string', maxLength: 40 } }, required: ['city'] };
const weather = {
  type: 'function',
  function: { name: 'get_weather', description: 'The weather in a city.', parameters: city },
};
const time = {
  type: 'function',
  function: { name: 'get_time', description: 'The time in a city.', parameters: city },
};
const question = { role: 'user', content: 'What is the weather in Oslo?' };
const sampling = { max_tokens: 128, temperature: 0, seed: 1 };

/** Tools are called by their names with arguments that fit, whole and in a stream, and their results are answered. */
export const probeTools: Probe = {
  feature: 'tools',
  async run(asked) {
    if (!asked.model.manifest.capabilities.includes('tools')) return skipped('The model claims no tools.');
    const failures = [
      ...(await checkCall(asked, { tool_choice: 'required' }, 'get_weather', false)),
      ...(await checkCall(asked, { tool_choice: named('get_time') }, 'get_time', false)),
      ...(await checkCall(asked, { tool_choice: named('get_weather') }, 'get_weather', true)),
      ...(await checkResult(asked)),
    ];
    return { detail: 'A required, a named and a streamed call, and the answer to a result.', failures };
  },
};

function named(name: string): object {
  return { type: 'function', function: { name } };
}

async function checkCall(
  asked: AskedModel,
  choice: object,
  expected: string,
  stream: boolean,
): Promise<string[]> {
  const tools = expected === 'get_weather' && !stream ? [weather] : [weather, time];
  const body = { messages: [question], tools, ...choice, ...sampling };
  const { calls, finishReasons } = readChat(await asked.ask({ path, body, stream }));
  const what = stream ? 'the streamed call' : `the call of \`${expected}\``;
  const [call] = calls;
  if (call === undefined) return [`${what} is missing`];
  const failures: string[] = [];
  if (call.name !== expected) failures.push(`${what} is of \`${call.name}\``);
  const given: unknown = Object(parseJson(call.arguments)).city;
  if (typeof given !== 'string' || given === '')
    failures.push(`${what} has no city: ${call.arguments.slice(0, 100)}`);
  // A named call ends as published with `stop`, a required one with `tool_calls`; engines do both.
  if (!finishReasons.some((reason) => reason === 'tool_calls' || reason === 'stop'))
    failures.push(`${what} ends with ${finishReasons.join(', ') || 'nothing'}`);
  return failures;
}

async function checkResult(asked: AskedModel): Promise<string[]> {
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
  };
  const messages = [
    question,
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain, 7 degrees.' },
  ];
  const body = { messages, tools: [weather], tool_choice: 'none', ...sampling };
  const { content } = readChat(await asked.ask({ path, body }));
  return content.trim() === '' ? ['the result of a tool is not answered'] : [];
}
