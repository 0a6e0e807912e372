/** One event of a stream. */
export interface SentEvent {
  /** What to send as `Last-Event-ID` to go on after it; empty when it has none. */
  readonly id: string;
  /** `message` when it has no name. */
  readonly event: string;
  readonly data: string;
}

/** The events of a stream (WHATWG HTML, "Server-sent events"), until `[DONE]` or its end. */
export async function* sentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const blocks = pending.split(/\r?\n\r?\n/);
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split(/\r?\n/);
      const field = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
      const data = field('data').join('\n');
      if (data === '[DONE]') return;
      if (data !== '')
        yield { id: field('id').at(-1) ?? '', event: field('event').at(-1) ?? 'message', data };
    }
  }
}

/** The data alone. */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const { data } of sentEvents(body)) yield data;
}
