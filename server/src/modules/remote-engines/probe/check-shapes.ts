import { chatCompletion, chatCompletionChunk } from '@samovar/contract/answers/chat-answer-schema';
import { embeddingList } from '@samovar/contract/answers/embedding-answer-schema';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import type { EngineAnswer } from './engine-client.ts';
import { objectOf, textOf } from './read-json.ts';

/** Why an answer cannot pass untouched, `null` when it can. */
export type ShapeFault = string | null;

export function wholeChatFault(answer: EngineAnswer, name: string): ShapeFault {
  return faultOf(chatCompletion, answer.json, name) ?? compactFault(answer.text, name);
}

export function embeddingsFault(answer: EngineAnswer, name: string): ShapeFault {
  return faultOf(embeddingList, answer.json, name) ?? compactFault(answer.text, name);
}

/**
 * A stream that passes untouched is looked into by its bytes alone: each event is one `data: ` line and an empty one,
 * JSON without spaces, the counts in a last event without choices, `[DONE]` at the end.
 */
export function streamFault(answer: EngineAnswer, name: string): ShapeFault {
  const type = String(answer.headers['content-type'] ?? '');
  if (!type.startsWith('text/event-stream')) return `a stream is sent as ${type || 'nothing'}`;
  const events = answer.text.split('\n\n');
  if (events.pop() !== '') return 'the stream does not end with an empty line';
  if (events.pop() !== 'data: [DONE]') return 'the stream does not end with [DONE]';
  const bodies = events.map((event) => (event.startsWith('data: ') ? event.slice(6) : null));
  let counted = false;
  const ids = new Set<unknown>();
  for (const body of bodies) {
    if (body === null) return 'an event does not begin with `data: `';
    const event = jsonOf(body);
    const fault = faultOf(chatCompletionChunk, event, name) ?? compactFault(body, name);
    if (fault !== null) return fault;
    const { choices, usage, id } = objectOf(event);
    ids.add(id);
    const isCount = Array.isArray(choices) && choices.length === 0;
    if (counted) return 'something follows the counts';
    if (isCount !== (usage !== undefined && usage !== null))
      return 'the counts are not in an event of their own';
    counted = isCount;
  }
  if (!counted) return 'the counts are missing, though they were asked for';
  return ids.size === 1 ? null : 'the id changes within one stream';
}

/** What answers carry in `model`; empty where they carry none. */
export function namesIn(answer: EngineAnswer): readonly string[] {
  const objects = answer.text.startsWith('data:')
    ? answer.text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [jsonOf(line.slice(6))] : []))
    : [answer.json];
  return [...new Set(objects.flatMap((object) => textOf(objectOf(object).model) ?? []))];
}

function faultOf(schema: TSchema, value: unknown, name: string): ShapeFault {
  if (value === undefined) return 'the answer is no JSON';
  if (!Value.Check(schema, value)) {
    const [first] = Value.Errors(schema, value);
    return `${first?.instancePath || 'the answer'} ${first?.message ?? 'does not fit'}`;
  }
  const { model } = objectOf(value);
  return model === name ? null : `its answers call the model ${String(model).slice(0, 100)}`;
}

/** Counts and the model are found by their bytes. */
function compactFault(text: string, name: string): ShapeFault {
  const spaced = /"usage"\s*:\s*\{/.test(text) && !text.includes('"usage":{');
  return spaced || !text.includes(`"model":${JSON.stringify(name)}`) ? 'its JSON has spaces' : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
