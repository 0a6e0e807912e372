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

/** The published events of a streamed response that we send. */
export const responseEvent = Type.Union([
  event('response.created', { response: responseAnswer }),
  event('response.in_progress', { response: responseAnswer }),
  event('response.output_item.added', { output_index: count, item: outputItem }),
  event('response.content_part.added', { ...partPlace, part }),
  event('response.output_text.delta', { ...partPlace, delta: text, logprobs: outputLogprobs }),
  event('response.output_text.done', { ...partPlace, text, logprobs: outputLogprobs }),
  event('response.reasoning_text.delta', { ...partPlace, delta: text }),
  event('response.reasoning_text.done', { ...partPlace, text }),
  event('response.content_part.done', { ...partPlace, part }),
  event('response.function_call_arguments.delta', { ...place, delta: text }),
  event('response.function_call_arguments.done', { ...place, arguments: text }),
  event('response.output_item.done', { output_index: count, item: outputItem }),
  event('response.completed', { response: responseAnswer }),
  event('response.incomplete', { response: responseAnswer }),
  event('response.failed', { response: responseAnswer }),
  event('error', { code: nullable(text), message: text, param: nullable(text) }),
]);
