import type { RemoteFlavour } from '../../serving/index.ts';
import type { Capability } from '../remote-engine.ts';
import { embeddingsFault, namesIn, type ShapeFault, streamFault, wholeChatFault } from './check-shapes.ts';
import { detectCapabilities } from './detect-capabilities.ts';
import { detectTokenizer } from './detect-tokenizer.ts';
import type { EngineAnswer, EngineClient } from './engine-client.ts';
import type { UpstreamModel } from './list-upstream.ts';
import { listOf, objectOf, textOf } from './read-json.ts';

/** What tiny real requests to one model have shown. */
export interface CheckedModel {
  /** Why it cannot be served. */
  readonly problem: string | null;
  readonly task: 'chat' | 'embedding';
  readonly lane: 'pass-through' | 'normalise';
  readonly laneReason: string | null;
  readonly capabilities: readonly Capability[];
  readonly answersAs: readonly string[];
  readonly dimensions: number | null;
}

export interface ModelToCheck {
  readonly upstream: UpstreamModel;
  /** The name that the model has here. */
  readonly name: string;
  readonly task: 'chat' | 'embedding' | null;
  readonly flavour: RemoteFlavour;
}

const question = [{ role: 'user', content: 'Reply with the word ok.' }];

/** Sends a few tokens' worth of requests. Rejects when the engine does not answer. */
export async function checkModel(client: EngineClient, model: ModelToCheck): Promise<CheckedModel> {
  const task = model.task ?? model.upstream.task;
  if (task === 'embedding') return await checkEmbedding(client, model);
  const chat = await client.post('/v1/chat/completions', {
    model: model.upstream.name,
    messages: question,
    max_tokens: 8,
    temperature: 0,
  });
  if (chat.status === 200) return await checkChat(client, model, chat);
  const refusal = `its chat answers ${refusalOf(chat)}`;
  if (task === 'chat') return unusable('chat', refusal);
  const embedding = await checkEmbedding(client, model);
  return embedding.problem === null ? embedding : unusable('chat', `${refusal}; ${embedding.problem}`);
}

async function checkChat(
  client: EngineClient,
  model: ModelToCheck,
  whole: EngineAnswer,
): Promise<CheckedModel> {
  const { name } = model.upstream;
  const [choice] = listOf(objectOf(whole.json).choices);
  if (typeof objectOf(objectOf(choice).message).content !== 'string')
    return unusable('chat', 'its chat answers 200 with something that is no answer');
  const stream = await client.post('/v1/chat/completions', {
    model: name,
    messages: question,
    max_tokens: 8,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  if (stream.status !== 200) return unusable('chat', `its streamed chat answers ${refusalOf(stream)}`);
  if (!stream.text.trimEnd().endsWith('data: [DONE]'))
    return unusable('chat', 'its streamed chat does not end with [DONE]');
  const detected = await detectCapabilities(client, name);
  const tokenizes = await detectTokenizer(client, model.flavour, name);
  const fault =
    firstFault([whole, ...detected.answers], (answer) => wholeChatFault(answer, model.name)) ??
    firstFault([stream, ...detected.streams], (answer) => streamFault(answer, model.name));
  return {
    problem: null,
    task: 'chat',
    lane: fault === null ? 'pass-through' : 'normalise',
    laneReason: fault,
    capabilities: ['chat', ...detected.capabilities, ...(tokenizes ? (['tokenize'] as const) : [])],
    answersAs: namesOf(name, [whole, stream]),
    dimensions: null,
  };
}

async function checkEmbedding(client: EngineClient, model: ModelToCheck): Promise<CheckedModel> {
  const { name } = model.upstream;
  const answer = await client.post('/v1/embeddings', { model: name, input: ['ok'] });
  if (answer.status !== 200) return unusable('embedding', `its embeddings answer ${refusalOf(answer)}`);
  const [entry] = listOf(objectOf(answer.json).data);
  const vector = listOf(objectOf(entry).embedding);
  if (vector.length === 0 || !vector.every((value) => typeof value === 'number'))
    return unusable('embedding', 'its embeddings answer 200 without a vector');
  const fault = embeddingsFault(answer, model.name);
  return {
    problem: null,
    task: 'embedding',
    lane: fault === null ? 'pass-through' : 'normalise',
    laneReason: fault,
    capabilities: ['embeddings'],
    answersAs: namesOf(name, [answer]),
    dimensions: vector.length,
  };
}

function firstFault(
  answers: readonly EngineAnswer[],
  faultOf: (answer: EngineAnswer) => ShapeFault,
): ShapeFault {
  for (const answer of answers) {
    const fault = faultOf(answer);
    if (fault !== null) return fault;
  }
  return null;
}

function namesOf(asked: string, answers: readonly EngineAnswer[]): readonly string[] {
  return [...new Set([asked, ...answers.flatMap(namesIn)])];
}

function unusable(task: 'chat' | 'embedding', problem: string): CheckedModel {
  const nothing = { laneReason: null, capabilities: [], answersAs: [], dimensions: null } as const;
  return { problem, task, lane: 'normalise', ...nothing };
}

function refusalOf({ status, json }: EngineAnswer): string {
  // Some say which key it was that they refuse.
  if (status === 401 || status === 403) return `${status}: it refuses the key that it was sent`;
  const { error, message } = objectOf(json);
  const said = textOf(objectOf(error).message) ?? textOf(error) ?? textOf(message);
  return said === null ? String(status) : `${status}: ${said.slice(0, 300)}`;
}
