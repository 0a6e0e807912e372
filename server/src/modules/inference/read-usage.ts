import type { TokenCounts } from './inference-request.ts';
import { asObject, type JsonObject, parseObject } from './json-object.ts';

const usageNeedle = Buffer.from('"usage":');
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The counts of an OpenAI `usage` object, `null` when it has none. */
export function readUsage(usage: unknown): TokenCounts | null {
  const object = asObject(usage);
  if (object === null || typeof object.prompt_tokens !== 'number') return null;
  return {
    inputTokens: count(object, 'prompt_tokens'),
    cachedInputTokens: count(asObject(object.prompt_tokens_details), 'cached_tokens'),
    outputTokens: count(object, 'completion_tokens'),
    reasoningTokens: count(asObject(object.completion_tokens_details), 'reasoning_tokens'),
    estimated: false,
  };
}

/**
 * The counts at the end of a whole answer, read without parsing it: a quote inside a JSON text is always escaped, so
 * the needle can only be a key, and a usage object holds no text in which a brace could stand.
 */
export function readUsageFromTail(body: Buffer): TokenCounts | null {
  const key = body.lastIndexOf(usageNeedle);
  if (key === -1) return null;
  const start = body.indexOf(openBrace, key);
  if (start === -1) return null;
  let depth = 0;
  for (let index = start; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === openBrace) depth += 1;
    else if (byte === closeBrace) {
      depth -= 1;
      if (depth === 0) return readUsage(parseObject(body.toString('latin1', start, index + 1)));
    }
  }
  return null;
}

/** What is metered when the engine gave no counts: the answer by its events, the prompt by its length. */
export function estimateCounts(bodyBytes: number, events: number): TokenCounts {
  return {
    inputTokens: Math.ceil(bodyBytes / 4),
    cachedInputTokens: 0,
    outputTokens: events,
    reasoningTokens: 0,
    estimated: true,
  };
}

function count(object: JsonObject | null, name: string): number {
  const value = object?.[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.trunc(value) : 0;
}
