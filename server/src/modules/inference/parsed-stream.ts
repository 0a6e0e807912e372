import type { SamovarError } from '../../kernel/errors.ts';
import type { AnswerReader, AnswerTarget } from './answer-reader.ts';
import type { TokenCounts } from './inference-request.ts';
import { type JsonObject, parseObject } from './json-object.ts';
import { readUsage } from './read-usage.ts';
import { createSseParser } from './sse-parser.ts';
import { eventError } from './worker-error.ts';

export interface ParsedStreamOptions {
  readonly form: 'bytes' | 'objects';
  readonly keepUsage: boolean;
  /** Puts an event into the published shape; `null` drops it. Absent where the worker's shapes are right. */
  readonly reshape?: (event: JsonObject) => JsonObject | null;
}

/** Reads a stream event by event: for sinks that take objects, and for engines whose shapes are not ours. */
export function createParsedStream(target: AnswerTarget, options: ParsedStreamOptions): AnswerReader {
  let text = '';
  let more = true;
  let complete = false;
  let failure: SamovarError | null = null;
  let counts: TokenCounts | null = null;
  let events = 0;

  function send(event: JsonObject): void {
    if (options.form === 'objects') more = target.object(event) && more;
    else text += `data: ${JSON.stringify(event)}\n\n`;
  }

  const parser = createSseParser((data) => {
    if (complete || failure !== null) return;
    if (data === '[DONE]') {
      complete = true;
      if (options.form === 'bytes') text += 'data: [DONE]\n\n';
      return;
    }
    const event = parseObject(data);
    if (event === null) return;
    failure = eventError(event);
    if (failure !== null) return;
    counts = readUsage(event.usage) ?? counts;
    const shaped = options.reshape ? options.reshape(event) : event;
    if (shaped === null) return;
    const isUsageEvent = Array.isArray(shaped.choices) && shaped.choices.length === 0;
    if (!isUsageEvent) events += 1;
    if (!isUsageEvent || options.keepUsage) send(shaped);
  });

  return {
    chunk(bytes) {
      more = true;
      try {
        parser.push(bytes);
      } finally {
        // Also what came before an event that makes no sense.
        if (text !== '') more = target.bytes(Buffer.from(text)) && more;
        text = '';
      }
      return more;
    },
    end() {},
    get complete() {
      return complete;
    },
    get failure() {
      return failure;
    },
    get counts() {
      return counts;
    },
    get events() {
      return events;
    },
  };
}
