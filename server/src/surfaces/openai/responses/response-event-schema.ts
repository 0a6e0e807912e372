import { closed } from '@samovar/contract/answers/answer-pieces';
import Type, { type TSchema } from 'typebox';
import { nullable } from '../schema-pieces.ts';
import {
  outputItem,
  outputLogprobs,
  outputText,
  reasoningPart,
  responseAnswer,
} from './response-answer-schema.ts';

const count = Type.Integer({ minimum: 0 });
const text = Type.String();

function event(type: string, members: Readonly<Record<string, TSchema>>) {
  return Type.Object({ type: Type.Literal(type), sequence_number: count, ...members }, closed);
}

const place = { item_id: text, output_index: count };
const partPlace = { ...place, content_index: count };
const part = Type.Union([outputText, reasoningPart]);

/** The published events of a streamed response that we send, by their names. */
export const responseEvents = {
  'response.created': event('response.created', { response: responseAnswer }),
  'response.in_progress': event('response.in_progress', { response: responseAnswer }),
  'response.output_item.added': event('response.output_item.added', {
    output_index: count,
    item: outputItem,
  }),
  'response.content_part.added': event('response.content_part.added', { ...partPlace, part }),
  'response.output_text.delta': event('response.output_text.delta', {
    ...partPlace,
    delta: text,
    logprobs: outputLogprobs,
  }),
  'response.output_text.done': event('response.output_text.done', {
    ...partPlace,
    text,
    logprobs: outputLogprobs,
  }),
  'response.reasoning_text.delta': event('response.reasoning_text.delta', { ...partPlace, delta: text }),
  'response.reasoning_text.done': event('response.reasoning_text.done', { ...partPlace, text }),
  'response.content_part.done': event('response.content_part.done', { ...partPlace, part }),
  'response.function_call_arguments.delta': event('response.function_call_arguments.delta', {
    ...place,
    delta: text,
  }),
  'response.function_call_arguments.done': event('response.function_call_arguments.done', {
    ...place,
    arguments: text,
  }),
  'response.output_item.done': event('response.output_item.done', { output_index: count, item: outputItem }),
  'response.completed': event('response.completed', { response: responseAnswer }),
  'response.incomplete': event('response.incomplete', { response: responseAnswer }),
  'response.failed': event('response.failed', { response: responseAnswer }),
  error: event('error', { code: nullable(text), message: text, param: nullable(text) }),
};

export type ResponseEventName = keyof typeof responseEvents;

export const responseEvent = Type.Union(Object.values(responseEvents));
