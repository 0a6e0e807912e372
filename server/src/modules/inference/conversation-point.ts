import { hashText } from './affinity-key.ts';

/** How much of the beginning and of the end of a text is looked at. */
const partCharacters = 2048;

/**
 * A number from 0 up to 1 that all requests of a conversation share: made of its first message of a user (else of the
 * prompt or the input), so that the system prompt which all conversations share has no say. FNV-1a with the last mixing
 * step of MurmurHash3, which spreads texts that differ in one letter evenly.
 */
export function conversationPoint(body: Readonly<Record<string, unknown>>): number {
  const text = textOf(opening(body));
  const long = text.length > 2 * partCharacters;
  const seen = long ? text.slice(0, partCharacters) + text.slice(-partCharacters) : text;
  return mixed(hashText(seen, 0x811c9dc5 ^ text.length)) / 0x1_0000_0000;
}

function opening({ messages, prompt, prompts, input }: Readonly<Record<string, unknown>>): unknown {
  if (!Array.isArray(messages)) return prompt ?? prompts ?? input ?? '';
  const first: unknown = messages.find((message: unknown) => memberOf(message, 'role') === 'user');
  return memberOf(first ?? messages[0], 'content');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** 32 bits of which each depends on all. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
