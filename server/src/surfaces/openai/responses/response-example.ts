import type { RouteEvent } from '@samovar/contract/route';
import type { InferenceExamples } from '../inference-examples.ts';
import { type ResponseEventName, responseEvents } from './response-event-schema.ts';

const messageId = 'msg_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2e';
const text = 'It heats water and keeps it hot for tea.';
const part = { type: 'output_text', text, annotations: [], logprobs: [] };
const item = { id: messageId, type: 'message', role: 'assistant', status: 'completed', content: [part] };

const begun = {
  id: 'resp_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  object: 'response',
  created_at: 1795435200,
  completed_at: null,
  status: 'in_progress',
  background: false,
  access_programs: null,
  error: null,
  incomplete_details: null,
  instructions: 'You answer in one sentence.',
  max_output_tokens: 64,
  max_tool_calls: null,
  metadata: {},
  model: 'qwen3-0.6b',
  output: [],
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: false,
  temperature: 0.6,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 0.95,
  truncation: 'disabled',
};

const completed = {
  ...begun,
  completed_at: 1795435201,
  status: 'completed',
  output: [item],
  usage: {
    input_tokens: 24,
    input_tokens_details: { cached_tokens: 16, cache_write_tokens: 0 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 33,
  },
};

const place = { item_id: messageId, output_index: 0 };
const emptyPart = { ...part, text: '' };
const call = { item_id: 'fc_019aaf0c2b4f7d608c3b5e7f90a1b2c3', output_index: 0 };
const thought = { item_id: 'rs_019aaf0c2b507e718d4c6f8091b2c3d4', output_index: 0, content_index: 0 };

/** One of each, with what it means; their numbers are those of this order. */
const samples: Readonly<Record<ResponseEventName, readonly [string, object]>> = {
  'response.created': ['The response has begun.', { response: begun }],
  'response.in_progress': ['The model answers.', { response: begun }],
  'response.output_item.added': [
    'A message, a reasoning or a function call begins.',
    { output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
  ],
  'response.content_part.added': ['A part of it begins.', { ...place, content_index: 0, part: emptyPart }],
  'response.output_text.delta': [
    'A piece of the text.',
    { ...place, content_index: 0, delta: 'It heats', logprobs: [] },
  ],
  'response.output_text.done': ['The text is whole.', { ...place, content_index: 0, text, logprobs: [] }],
  'response.reasoning_text.delta': ['A piece of the reasoning.', { ...thought, delta: 'The user asks' }],
  'response.reasoning_text.done': [
    'The reasoning is whole.',
    { ...thought, text: 'The user asks what it is for.' },
  ],
  'response.content_part.done': ['The part is whole.', { ...place, content_index: 0, part }],
  'response.function_call_arguments.delta': [
    'A piece of the arguments of a call.',
    { ...call, delta: '{"city"' },
  ],
  'response.function_call_arguments.done': [
    'The arguments are whole.',
    { ...call, arguments: '{"city":"Tula"}' },
  ],
  'response.output_item.done': ['The item is whole.', { output_index: 0, item }],
  'response.completed': ['The end, with the whole response and its counts.', { response: completed }],
  'response.incomplete': [
    'The end of one that reached a limit.',
    {
      response: { ...completed, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    },
  ],
  error: [
    'What went wrong after the stream had begun.',
    {
      code: 'engine.worker_lost',
      message: 'The model worker ended while it was answering.',
      param: null,
    },
  ],
  'response.failed': [
    'The end of one that failed, behind `error`.',
    {
      response: {
        ...begun,
        status: 'failed',
        error: { code: 'server_error', message: 'The model worker ended while it was answering.' },
      },
    },
  ],
};

const names = Object.keys(samples) as ResponseEventName[];

const events: readonly RouteEvent[] = names.map((name, place) => {
  const [description, members] = samples[name];
  return {
    name,
    description,
    schema: responseEvents[name],
    example: { type: name, sequence_number: place, ...members },
  };
});

export const responseExamples: InferenceExamples = {
  body: {
    model: 'chat-default',
    instructions: 'You answer in one sentence.',
    input: 'What does a samovar do?',
    max_output_tokens: 64,
  },
  answer: completed,
  events,
};
