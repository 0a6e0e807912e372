import type { SamovarError } from '../../kernel/errors.ts';
import type { AnswerReader, AnswerTarget } from './answer-reader.ts';
import type { TokenCounts } from './inference-request.ts';
import { parseObject } from './json-object.ts';
import { readUsage } from './read-usage.ts';
import { eventError } from './worker-error.ts';

const border = Buffer.from('\n\n');
const usageKey = Buffer.from('"usage":{');
const errorStart = Buffer.from('data: {"error":');
const doneEvent = Buffer.from('data: [DONE]\n\n');
const dataField = 'data: ';

/**
 * Forwards a stream of events in the worker's own Buffers. Only two kinds of event are looked into, found by scanning
 * bytes (a quote inside a JSON text is always escaped, so a needle can only be a key): the one with the counts, held
 * back unless the client asked for it, and an error. An event is forwarded when it is whole.
 */
export function createPassThroughStream(target: AnswerTarget, keepUsage: boolean): AnswerReader {
  let held: Buffer | null = null;
  let complete = false;
  let failure: SamovarError | null = null;
  let counts: TokenCounts | null = null;
  let events = 0;

  /** Looks into one event; false when it is not for the client. */
  function inspect(event: Buffer): boolean {
    const parsed = parseObject(event.toString('utf8', dataField.length));
    if (parsed === null) return true;
    failure ??= eventError(parsed);
    if (failure !== null) return false;
    counts = readUsage(parsed.usage) ?? counts;
    return keepUsage || !(Array.isArray(parsed.choices) && parsed.choices.length === 0);
  }

  function forwardInspected(whole: Buffer): boolean {
    let more = true;
    let from = 0;
    let next = nextNeedle(whole, 0);
    while (next !== -1) {
      const before = whole.lastIndexOf(border, next);
      const start = before === -1 ? 0 : before + border.length;
      const end = whole.indexOf(border, next) + border.length;
      if (!inspect(whole.subarray(start, end))) {
        if (start > from) more = target.bytes(whole.subarray(from, start));
        from = end;
      }
      next = nextNeedle(whole, end);
    }
    return from < whole.length ? target.bytes(whole.subarray(from)) : more;
  }

  return {
    chunk(bytes) {
      const data: Buffer = held === null ? bytes : Buffer.concat([held, bytes]);
      held = null;
      const end = endsWith(data, border) ? data.length : data.lastIndexOf(border) + border.length;
      if (end < border.length) {
        held = data;
        return true;
      }
      const whole = end === data.length ? data : data.subarray(0, end);
      if (end < data.length) held = data.subarray(end);
      events += countEvents(whole);
      complete ||= endsWith(whole, doneEvent);
      return nextNeedle(whole, 0) === -1 ? target.bytes(whole) : forwardInspected(whole);
    },
    end() {
      if (held !== null) target.bytes(held);
      held = null;
    },
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

function nextNeedle(data: Buffer, from: number): number {
  const usage = data.indexOf(usageKey, from);
  const error = data.indexOf(errorStart, from);
  if (usage === -1 || error === -1) return Math.max(usage, error);
  return Math.min(usage, error);
}

function endsWith(data: Buffer, ending: Buffer): boolean {
  return (
    data.length >= ending.length && data.compare(ending, 0, ending.length, data.length - ending.length) === 0
  );
}

function countEvents(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(border); at !== -1; at = data.indexOf(border, at + border.length)) count += 1;
  return count;
}
