import type { Capability } from '../remote-engine.ts';
import type { EngineAnswer, EngineClient } from './engine-client.ts';
import { type JsonObject, listOf, objectOf, textOf } from './read-json.ts';

/** A request that only an engine with the capability answers rightly. */
interface Trial {
  readonly capability: Capability;
  readonly path: '/v1/chat/completions' | '/v1/completions';
  readonly body: JsonObject;
  /** Whether the answer shows it; an engine that ignores what it was asked for has it not. */
  shows(choice: JsonObject): boolean;
}

const ask = (content: string): JsonObject => ({ messages: [{ role: 'user', content }] });
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Tells the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const verdict = {
  type: 'object',
  properties: { verdict: { const: 'samovar' } },
  required: ['verdict'],
  additionalProperties: false,
};

const trials: readonly Trial[] = [
  {
    capability: 'completions',
    path: '/v1/completions',
    body: { prompt: 'One, two,', max_tokens: 2 },
    shows: (choice) => typeof choice.text === 'string',
  },
  {
    capability: 'tools',
    path: '/v1/chat/completions',
    body: {
      ...ask('What is the weather in Paris? Use the tool.'),
      max_tokens: 64,
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    },
    shows: (choice) =>
      listOf(objectOf(choice.message).tool_calls).some(
        (call) => objectOf(objectOf(call).function).name === 'get_weather',
      ),
  },
  {
    capability: 'json-schema',
    path: '/v1/chat/completions',
    body: {
      ...ask('Give a verdict in JSON.'),
      max_tokens: 32,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'verdict', strict: true, schema: verdict },
      },
    },
    // No model says this word by itself: the schema was obeyed.
    shows: (choice) =>
      /^\s*\{\s*"verdict"\s*:\s*"samovar"/.test(textOf(objectOf(choice.message).content) ?? ''),
  },
  {
    capability: 'logprobs',
    path: '/v1/chat/completions',
    body: { ...ask('Reply with ok.'), max_tokens: 2, logprobs: true, top_logprobs: 1 },
    shows: (choice) => listOf(objectOf(choice.logprobs).content).length > 0,
  },
];

export interface Detected {
  readonly capabilities: readonly Capability[];
  /** Chat answers that showed them: their shapes are checked too. */
  readonly answers: readonly EngineAnswer[];
  /** The same of streams. */
  readonly streams: readonly EngineAnswer[];
}

/** What the model was seen to do beyond chat. Rejects when the engine stops answering. */
export async function detectCapabilities(client: EngineClient, model: string): Promise<Detected> {
  const capabilities: Capability[] = [];
  const answers: EngineAnswer[] = [];
  const streams: EngineAnswer[] = [];
  for (const { capability, path, body, shows } of trials) {
    const request = { model, temperature: 0, ...body };
    const answer = await client.post(path, request);
    if (answer.status !== 200 || !shows(firstChoice(answer))) continue;
    capabilities.push(capability);
    if (path !== '/v1/chat/completions') continue;
    answers.push(answer);
    const streamed = { ...request, stream: true, stream_options: { include_usage: true } };
    streams.push(await client.post(path, streamed));
  }
  return { capabilities, answers, streams };
}

function firstChoice({ json }: EngineAnswer): JsonObject {
  return objectOf(listOf(objectOf(json).choices)[0]);
}
