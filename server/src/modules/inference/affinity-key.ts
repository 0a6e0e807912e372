/** How much of the beginning is looked at: enough to tell system prompts apart. */
const headCharacters = 512;

/**
 * A number that two requests share when they begin alike (the first two messages, else the prompt or the list of prompts), so that they
 * reach the worker that has this prefix in its cache. FNV-1a, 32 bits.
 */
export function affinityKey(body: Readonly<Record<string, unknown>>): number {
  const { messages, prompt, prompts } = body;
  const head = Array.isArray(messages) ? messages.slice(0, 2) : (prompt ?? prompts ?? '');
  const text = (typeof head === 'string' ? head : JSON.stringify(head)).slice(0, headCharacters);
  return hashText(text, 0x811c9dc5);
}

/** FNV-1a over UTF-16 units, from a seed. */
export function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
